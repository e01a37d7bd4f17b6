#include <string>

#include "schnet/schnet_weights.h"

namespace eippot {

namespace {

/// A square layer.
DenseWeights dense(Parameters &from, const std::string &name, std::size_t channels) {
  return {from.array(name + ".weight", channels * channels), from.array(name + ".bias", channels)};
}

InteractionWeights interaction(Parameters &from, const std::string &index,
                               const SchNetWeights &shape) {
  const std::string schnet = "potential.representation.";
  const std::string name = schnet + "interactions." + index;
  const std::size_t channels = shape.channels;
  return {read_knots(from, schnet + "tables." + index + ".knots", channels),
          {from.array(name + ".project.weight", channels * channels), {}},
          dense(from, name + ".update.0", channels),
          dense(from, name + ".update.2", channels)};
}

}  // namespace

SchNetWeights read_schnet(Parameters &from) {
  SchNetWeights weights;
  weights.n_species = static_cast<int>(from.number("n_species"));
  weights.embedding = from.array("potential.representation.embedding.weight");
  weights.channels = static_cast<int>(weights.embedding.size()) / weights.n_species;
  weights.n_knots = read_n_knots(from);
  weights.cutoff = from.number("cutoff");
  weights.neighbor_scale = from.number("potential.representation.neighbor_scale");
  const auto has = [&](const std::string &index) {
    return from.has("potential.representation.tables." + index + ".knots");
  };
  for (int index = 0; has(std::to_string(index)); ++index)
    weights.interactions.push_back(interaction(from, std::to_string(index), weights));
  weights.head = read_head(from, isolated_features(weights));
  return weights;
}

}  // namespace eippot
