#include "common/atomic_network_weights.h"

namespace eippot {

AtomicNetworkWeights read_head(Parameters &from, const std::vector<double> &isolated_features) {
  const auto n_species = static_cast<std::size_t>(from.number("n_species"));
  const std::size_t channels = isolated_features.size() / n_species;
  AtomicNetworkWeights head;
  head.n_in = head.channels = static_cast<int>(channels);
  head.first = {from.array("potential.heads.layers.0.weight", channels * channels), {}};
  const auto &bias = from.array("potential.heads.layers.0.bias", channels);
  for (std::size_t species = 0; species < n_species; ++species)
    head.species_bias.insert(head.species_bias.end(), bias.begin(), bias.end());
  head.output = from.array("potential.heads.layers.2.weight", channels);
  from.ignore("potential.heads.layers.2.bias");  // it cancels
  head.scale = from.number("potential.scale");
  head.isolated_inputs = isolated_features;
  head.isolated_energies = from.array("reference_energies", n_species);
  return head;
}

}  // namespace eippot
