#include <cmath>
#include <string>

#include "equivariant_weights.h"
#include "tensor_kernels.h"

namespace eippot {

namespace {

const std::string network = "potential.representation.";

/// Constants are in two parts, which together have more digits than either.
std::vector<double> constants(Parameters &from, const std::string &name) {
  std::vector<double> sum = from.array(name + ".high");
  const std::vector<double> &low = from.array(name + ".low", sum.size());
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

/// Matrices `name`.0 and so on.
std::vector<std::vector<double>> layers(Parameters &from, const std::string &name) {
  std::vector<std::vector<double>> found;
  const auto weight = [&] { return name + std::to_string(found.size()) + ".weight"; };
  while (from.has(weight())) found.push_back(from.array(weight()));
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

/// Fills the paths' couplings from a matrix (all harmonics, columns): for each irrep after, its
/// components, paths, and all components before.
void take_couplings(ConvolutionWeights &convolution, const std::vector<double> &matrix, int l_max) {
  const std::size_t columns = matrix.size() / ((l_max + 1) * (l_max + 1));
  int width = 0, first_row = 0, expected = 0;
  for (const Irrep &irrep : convolution.before) width += irrep.components();
  for (std::size_t out = 0; out < convolution.after.size(); ++out) {
    const int n_out = convolution.after[out].components(), n_paths = convolution.n_paths(out);
    for (PathWeights &path : convolution.paths) {
      if (path.out != static_cast<int>(out)) continue;
      int first = 0;
      for (int in = 0; in < path.in; ++in) first += convolution.before[in].components();
      const int n_in = convolution.before[path.in].components();
      for (int j = 0; j <= 2 * path.harmonic; ++j) {
        const double *row = matrix.data() + (path.harmonic * path.harmonic + j) * columns;
        for (int i = 0; i < n_in; ++i) {
          for (int m = 0; m < n_out; ++m) {
            const int place = first_row + m * n_paths + path.place;
            path.couplings.push_back(row[place * width + first + i]);
          }
        }
      }
    }
    first_row += n_out * n_paths;
    expected += n_out * n_paths * width;
  }
  if (static_cast<std::size_t>(expected) != columns)
    throw NoEngine("the tensor products are others than the engine knows");
}

/// A table (K, 2, paths C): values at the knots, and derivatives times the distance of knots.
void take_weights(ConvolutionWeights &convolution, const std::vector<double> &knots,
                  const EquivariantWeights &shape) {
  const std::size_t channels = shape.channels, row = convolution.paths.size() * channels;
  if (knots.size() != 2 * shape.n_knots * row)
    throw NoEngine("the tables have other sizes than the engine knows");
  const double per_angstrom = (shape.n_knots - 1) / shape.cutoff;
  const double *first = knots.data();
  for (PathWeights &path : convolution.paths) {
    for (int knot = 0; knot < shape.n_knots; ++knot) {
      const double *values = first + 2 * knot * row;
      path.weights.values.insert(path.weights.values.end(), values, values + channels);
      for (std::size_t c = 0; c < channels; ++c)
        path.weights.derivatives.push_back(values[row + c] * per_angstrom);
    }
    first += channels;
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
  take_couplings(found, constants(from, name + "product.couplings"), shape.l_max);
  take_weights(found, from.array(network + "tables." + number + ".knots"), shape);
  found.project = layers(from, name + "project.layers.");
  found.mix = layers(from, name + "mix.layers.");
  found.skip = layers(from, name + "skip.layers.");
  return found;
}

}  // namespace

EquivariantWeights read_equivariant(Parameters &from) {
  EquivariantWeights weights;
  weights.n_species = static_cast<int>(from.number("n_species"));
  weights.isolated_energies = from.array("reference_energies", weights.n_species);
  weights.embedding = from.array(network + "embedding.weight");
  weights.channels = static_cast<int>(weights.embedding.size()) / weights.n_species;
  weights.n_knots = static_cast<int>(from.number("table_bins")) + 1;
  weights.cutoff = from.number("cutoff");
  weights.shortest = from.number(network + "shortest_edge");
  weights.neighbor_scale = from.number(network + "neighbor_scale");
  weights.energy_scale = from.number("potential.scale");
  weights.harmonics = constants(from, network + "harmonics.coefficients");
  for (std::size_t products = 1, rows = 1;; ++weights.l_max, rows += products *= 3) {
    const std::size_t columns = (weights.l_max + 1) * (weights.l_max + 1);
    if (rows * columns == weights.harmonics.size()) break;
    if (weights.l_max == largest_degree) throw NoEngine("the degrees are too high");
  }
  const std::size_t channels = weights.channels;
  weights.head = {from.array("potential.heads.layers.0.weight", channels * channels),
                  from.array("potential.heads.layers.0.bias", channels)};
  weights.head_output = from.array("potential.heads.layers.2.weight", channels);
  from.ignore("potential.heads.layers.2.bias");  // it cancels
  for (std::size_t k = 0; from.has(network + "irreps_" + std::to_string(k + 1)); ++k)
    weights.convolutions.push_back(convolution(from, k, weights));
  return weights;
}

}  // namespace eippot
