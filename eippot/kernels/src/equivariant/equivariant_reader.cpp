#include <cmath>
#include <string>

#include "equivariant/equivariant_weights.h"
#include "equivariant/tensor_kernels.h"

namespace eippot {

namespace {

const std::string network = "potential.representation.";

/// Constants are in two parts, which together have more digits than either.
std::vector<double> constants(Parameters &from, const std::string &name, std::size_t size) {
  std::vector<double> sum = from.array(name + ".high", size);
  const std::vector<double> &low = from.array(name + ".low", size);
  for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += low[k];
  return sum;
}

std::vector<Irrep> irreps(Parameters &from, std::size_t index) {
  const auto &numbers = from.array(network + "irreps_" + std::to_string(index));
  std::vector<Irrep> found;
  for (std::size_t k = 0; k < numbers.size(); k += 2)
    found.push_back({static_cast<int>(numbers[k]), static_cast<int>(numbers[k + 1])});
  return found;
}

/// One matrix after the other, of so many numbers.
std::vector<std::vector<double>> layers(Parameters &from, const std::string &name,
                                        const std::vector<std::size_t> &sizes) {
  std::vector<std::vector<double>> found;
  for (std::size_t k = 0; k < sizes.size(); ++k)
    found.push_back(from.array(name + ".layers." + std::to_string(k) + ".weight", sizes[k]));
  return found;
}

/// Whether the product of two irreps contains a third one.
bool leads_to(Irrep one, Irrep two, Irrep three) {
  return one.parity * two.parity == three.parity && three.degree <= one.degree + two.degree &&
         three.degree >= std::abs(one.degree - two.degree);
}

/// In the order of the file: by irrep after, irrep before, and degree of the harmonics.
std::vector<PathWeights> paths(const ConvolutionWeights &convolution, int l_max) {
  std::vector<PathWeights> found;
  for (std::size_t out = 0; out < convolution.after.size(); ++out) {
    int place = 0;
    for (std::size_t in = 0; in < convolution.before.size(); ++in) {
      for (int degree = 0; degree <= l_max; ++degree) {
        const Irrep harmonic = {degree, degree % 2 == 0 ? 1 : -1};
        if (!leads_to(convolution.before[in], harmonic, convolution.after[out])) continue;
        found.push_back({static_cast<int>(in), degree, static_cast<int>(out), place++, {}, {}});
      }
    }
  }
  return found;
}

int components(const std::vector<Irrep> &irreps, std::size_t count) {
  int total = 0;
  for (std::size_t k = 0; k < count; ++k) total += irreps[k].components();
  return total;
}

/// Fills the paths' couplings from a matrix (all harmonics, columns): for each irrep after, its
/// components, paths, and all components before.
void take_couplings(Parameters &from, const std::string &name, int l_max,
                    ConvolutionWeights &convolution) {
  const int width = components(convolution.before, convolution.before.size());
  std::vector<int> first_row = {0};  // of each irrep after
  for (std::size_t out = 0; out < convolution.after.size(); ++out) {
    const int n_rows = convolution.after[out].components() * convolution.n_paths(out);
    first_row.push_back(first_row.back() + n_rows);
  }
  const std::size_t columns = static_cast<std::size_t>(first_row.back()) * width;
  const std::vector<double> matrix = constants(from, name, (l_max + 1) * (l_max + 1) * columns);
  for (PathWeights &path : convolution.paths) {
    const int n_in = convolution.before[path.in].components();
    const int n_out = convolution.after[path.out].components();
    const int n_paths = convolution.n_paths(path.out);
    for (int j = 0; j <= 2 * path.harmonic; ++j) {
      const double *row = matrix.data() + (path.harmonic * path.harmonic + j) * columns +
                          components(convolution.before, path.in);
      for (int i = 0; i < n_in; ++i) {
        for (int m = 0; m < n_out; ++m) {
          const int place = first_row[path.out] + m * n_paths + path.place;
          path.couplings.push_back(row[place * width + i]);
        }
      }
    }
  }
}

ConvolutionWeights convolution(Parameters &from, std::size_t index,
                               const EquivariantWeights &shape) {
  const std::string number = std::to_string(index);
  const std::string name = network + "interactions." + number + ".";
  ConvolutionWeights found;
  found.before = irreps(from, index);
  found.after = irreps(from, index + 1);
  found.paths = paths(found, shape.l_max);
  take_couplings(from, name + "product.couplings", shape.l_max, found);
  const std::size_t channels = shape.channels, n_functions = found.paths.size() * channels;
  const KnotValues weights = read_knots(from, network + "tables." + number + ".knots", n_functions);
  for (std::size_t path = 0; path < found.paths.size(); ++path)
    found.paths[path].weights = some_of(weights, n_functions, path * channels, channels);

  const std::size_t square = channels * channels;
  std::vector<std::size_t> mix, skip;
  for (std::size_t out = 0; out < found.after.size(); ++out) {
    mix.push_back(square * found.outputs(out) * found.n_paths(out));
    if (out < found.before.size()) skip.push_back(square * found.outputs(out) * shape.n_species);
  }
  found.project =
      layers(from, name + "project", std::vector<std::size_t>(found.before.size(), square));
  found.mix = layers(from, name + "mix", mix);
  found.skip = layers(from, name + "skip", skip);
  return found;
}

/// The degree up to which such a matrix has harmonics of products of directions.
int highest_degree(std::size_t size) {
  std::size_t rows = 0, products = 1;
  for (int degree = 0; degree <= largest_degree; ++degree, products *= 3) {
    rows += products;
    if (rows * (degree + 1) * (degree + 1) == size) return degree;
  }
  throw NoEngine("the engine has harmonics up to degree " + std::to_string(largest_degree));
}

}  // namespace

EquivariantWeights read_equivariant(Parameters &from) {
  EquivariantWeights weights;
  weights.n_species = static_cast<int>(from.number("n_species"));
  weights.embedding = from.array(network + "embedding.weight");
  weights.channels = static_cast<int>(weights.embedding.size()) / weights.n_species;
  weights.n_knots = read_n_knots(from);
  weights.cutoff = from.number("cutoff");
  weights.shortest = from.number(network + "shortest_edge");
  weights.neighbor_scale = from.number(network + "neighbor_scale");
  const std::string harmonics = network + "harmonics.coefficients";
  weights.l_max = highest_degree(from.array(harmonics + ".high").size());
  weights.harmonics = constants(from, harmonics, from.array(harmonics + ".high").size());
  for (std::size_t k = 0; from.has(network + "irreps_" + std::to_string(k + 1)); ++k)
    weights.convolutions.push_back(convolution(from, k, weights));
  weights.head = read_head(from, isolated_features(weights));
  return weights;
}

}  // namespace eippot
