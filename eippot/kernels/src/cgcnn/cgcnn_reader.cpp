#include <string>

#include "cgcnn/cgcnn_weights.h"

namespace eippot {

namespace {

const std::string representation = "potential.representation.";

/// The first or the second half of the functions.
KnotValues half(const KnotValues &functions, std::size_t channels, std::size_t first) {
  const auto of = [&](const std::vector<double> &values) {
    std::vector<double> result;
    for (std::size_t k = first; k < values.size(); k += 2 * channels)
      result.insert(result.end(), values.begin() + k, values.begin() + k + channels);
    return result;
  };
  return {of(functions.values), of(functions.derivatives)};
}

GatedConvolutionWeights convolution(Parameters &from, const std::string &name,
                                    std::size_t channels) {
  const std::size_t size = 2 * channels * channels;
  DenseWeights atoms = {from.array(name + ".center.weight", size),
                        from.array(name + ".center.bias", 2 * channels)};
  const auto &neighbor = from.array(name + ".neighbor.weight", size);
  atoms.matrix.insert(atoms.matrix.end(), neighbor.begin(), neighbor.end());
  atoms.bias.resize(4 * channels);
  const KnotValues functions = read_knots(from, name + ".radial.knots", 2 * channels);
  return {atoms, half(functions, channels, 0), half(functions, channels, channels)};
}

AtomicNetworkWeights head(Parameters &from, const CGCNNWeights &weights) {
  const std::size_t channels = weights.channels;
  AtomicNetworkWeights network;
  network.n_in = network.channels = weights.channels;
  network.first = {from.array("potential.heads.layers.0.weight", channels * channels), {}};
  const auto &bias = from.array("potential.heads.layers.0.bias", channels);
  for (int species = 0; species < weights.n_species; ++species)
    network.species_bias.insert(network.species_bias.end(), bias.begin(), bias.end());
  network.output = from.array("potential.heads.layers.2.weight", channels);
  from.ignore("potential.heads.layers.2.bias");  // it cancels
  network.scale = from.number("potential.scale");
  network.isolated_inputs = weights.embedding;
  return network;
}

}  // namespace

CGCNNWeights read_cgcnn(Parameters &from) {
  CGCNNWeights weights;
  weights.n_species = static_cast<int>(from.number("n_species"));
  weights.isolated_energies = from.array("reference_energies", weights.n_species);
  weights.embedding = from.array(representation + "embedding.weight");
  weights.channels = static_cast<int>(weights.embedding.size()) / weights.n_species;
  weights.n_knots = read_n_knots(from);
  weights.cutoff = from.number("cutoff");
  weights.neighbor_scale = from.number(representation + "neighbor_scale");
  const auto name = [](std::size_t index) {
    return representation + "convolutions." + std::to_string(index);
  };
  for (std::size_t index = 0; from.has(name(index) + ".center.weight"); ++index)
    weights.convolutions.push_back(convolution(from, name(index), weights.channels));
  weights.network = head(from, weights);
  return weights;
}

}  // namespace eippot
