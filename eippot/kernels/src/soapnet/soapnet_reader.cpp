#include <cmath>
#include <string>

#include "soapnet/soapnet_weights.h"

namespace eippot {

namespace {

const std::string representation = "potential.representation.";

DenseWeights square(Parameters &from, const std::string &name, std::size_t channels) {
  return {from.array(name + ".weight", channels * channels), from.array(name + ".bias", channels)};
}

/// From the order (L, n_max) of the file to that of the shape.
KnotValues reordered(const KnotValues &functions, int n_max, const SoapShape &shape) {
  const int n_functions = shape.n_degrees * n_max;
  const auto reorder = [&](const std::vector<double> &values) {
    const std::size_t n_knots = values.size() / n_functions;
    std::vector<double> result(n_knots * shape.radial_width());
    for (std::size_t k = 0; k < values.size(); ++k) {
      const std::size_t knot = k / n_functions, function = k % n_functions;
      result[knot * shape.radial_width() + shape.function(function / n_max, function % n_max)] =
          values[k];
    }
    return result;
  };
  return {reorder(functions.values), reorder(functions.derivatives)};
}

/// The first layer, with what components are multiplied with before, for components in the order of
/// the shape. In the file they are, for each degree, the pairs of rows i <= j, row by row.
DenseWeights first_layer(Parameters &from, int n_max, const SOAPNetWeights &shapes) {
  const SoapShape &shape = shapes.shape;
  const int rows = shape.n_mixed * n_max, channels = shapes.network.channels;
  const std::size_t n = shape.n_degrees * rows * (rows + 1) / 2;
  const auto &scale = from.array(representation + "scale", n);
  const auto &matrix = from.array(representation + "first.weight", n * channels);
  const auto padded = [&](int row) { return row / n_max * shape.functions() + row % n_max; };
  DenseWeights layer;
  layer.matrix.resize(static_cast<std::size_t>(channels) * shape.components());
  std::size_t component = 0;
  for (int l = 0; l < shape.n_degrees; ++l) {
    const double prefactor = M_PI * std::sqrt(8.0 / (2 * l + 1));
    for (int i = 0; i < rows; ++i) {
      for (int j = i; j < rows; ++j, ++component) {
        const int place = l * shape.pairs() + shape.pair(padded(i), padded(j));
        for (int c = 0; c < channels; ++c) {
          layer.matrix[static_cast<std::size_t>(c) * shape.components() + place] =
              prefactor * scale[component] * matrix[c * n + component];
        }
      }
    }
  }
  return layer;
}

std::vector<double> species_bias(Parameters &from, int n_species, std::size_t channels) {
  auto rows = from.array(representation + "embedding.weight", n_species * channels);
  const auto &bias = from.array(representation + "first.bias", channels);
  for (std::size_t k = 0; k < rows.size(); ++k) rows[k] += bias[k % channels];
  return rows;
}

/// Degrees, groups and mixed densities; and how many radial functions there are without padding.
SoapShape read_shape(Parameters &from, int n_species, int *n_max) {
  const auto &pairs = from.array(representation + "spectrum.pairs");  // the last is rows^2 - 1
  const auto rows = static_cast<int>(std::lround(std::sqrt(pairs.back() + 1.0)));
  const auto n_components = from.array(representation + "scale").size();
  const auto n_degrees = static_cast<int>(n_components / pairs.size());
  const auto n_mixed =
      static_cast<int>(from.array(representation + "spectrum.mixing").size()) / n_species;
  if (n_degrees > SoapShape::most_degrees) throw NoEngine("too many degrees for the engine");
  *n_max = rows / n_mixed;
  return {n_degrees, (*n_max + SoapShape::group - 1) / SoapShape::group, n_mixed};
}

void read_network(Parameters &from, int n_max, SOAPNetWeights &weights) {
  AtomicNetworkWeights &network = weights.network;
  network.channels = static_cast<int>(from.array(representation + "first.bias").size());
  network.n_in = weights.shape.components();
  network.first = first_layer(from, n_max, weights);
  network.species_bias = species_bias(from, weights.n_species, network.channels);
  const auto name = [](int k) { return representation + "layers." + std::to_string(k); };
  for (int k = 1; from.has(name(k) + ".weight"); k += 2)
    network.layers.push_back(square(from, name(k), network.channels));
  network.layers.push_back(square(from, "potential.heads.layers.0", network.channels));
  network.output = from.array("potential.heads.layers.2.weight", network.channels);
  from.ignore("potential.heads.layers.2.bias");  // it cancels
  network.scale = from.number("potential.scale");
  network.isolated_inputs = isolated_spectra(weights);
  network.isolated_energies = from.array("reference_energies", weights.n_species);
}

}  // namespace

SOAPNetWeights read_soapnet(Parameters &from) {
  SOAPNetWeights weights;
  weights.n_species = static_cast<int>(from.number("n_species"));
  weights.n_knots = read_n_knots(from);
  weights.cutoff = from.number("cutoff");
  weights.mixing = from.array(representation + "spectrum.mixing");
  int n_max = 0;
  weights.shape = read_shape(from, weights.n_species, &n_max);
  weights.radial = reordered(read_knots(from, representation + "spectrum.radial.table.knots",
                                        weights.shape.n_degrees * n_max),
                             n_max, weights.shape);
  read_network(from, n_max, weights);
  return weights;
}

}  // namespace eippot
