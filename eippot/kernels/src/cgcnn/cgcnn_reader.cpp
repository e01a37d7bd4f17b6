#include <string>

#include "cgcnn/cgcnn_weights.h"

namespace eippot {

namespace {

const std::string representation = "potential.representation.";

GatedConvolutionWeights convolution(Parameters &from, const std::string &name,
                                    std::size_t channels) {
  const std::size_t size = 2 * channels * channels;
  DenseWeights atoms = {from.array(name + ".center.weight", size),
                        from.array(name + ".center.bias", 2 * channels)};
  const auto &neighbor = from.array(name + ".neighbor.weight", size);
  atoms.matrix.insert(atoms.matrix.end(), neighbor.begin(), neighbor.end());
  atoms.bias.resize(4 * channels);
  const KnotValues functions = read_knots(from, name + ".radial.knots", 2 * channels);
  return {atoms, some_of(functions, 2 * channels, 0, channels),
          some_of(functions, 2 * channels, channels, channels)};
}

}  // namespace

CGCNNWeights read_cgcnn(Parameters &from) {
  CGCNNWeights weights;
  weights.n_species = static_cast<int>(from.number("n_species"));
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
  weights.network = read_head(from, weights.embedding);  // messages alone change features
  return weights;
}

}  // namespace eippot
