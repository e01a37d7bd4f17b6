#include "schnet/schnet_weights.h"

namespace eippot {

KnotValues first_filter(const SchNetWeights &weights, int species) {
  const InteractionWeights &interaction = weights.interactions.front();
  const int channels = weights.channels;
  const double *embedded = weights.embedding.data() + species * channels;
  const std::vector<double> y = multiplied(interaction.project, {embedded, embedded + channels});
  DenseWeights linear = scaled(interaction.first, weights.neighbor_scale);
  linear.bias.clear();

  const auto transform = [&](const std::vector<double> &filter) {
    std::vector<double> result, row(channels);
    for (int knot = 0; knot < weights.n_knots; ++knot) {
      for (int c = 0; c < channels; ++c) row[c] = filter[knot * channels + c] * y[c];
      const std::vector<double> out = multiplied(linear, row);
      result.insert(result.end(), out.begin(), out.end());
    }
    return result;
  };
  return {transform(interaction.filter.values), transform(interaction.filter.derivatives)};
}

std::vector<double> isolated_features(const SchNetWeights &weights) {
  const int n = weights.channels;
  std::vector<double> features = weights.embedding;
  for (const InteractionWeights &interaction : weights.interactions) {
    const auto first = activated(multiplied(interaction.first, std::vector<double>(n)));
    const auto update = multiplied(interaction.second, first);
    for (std::size_t k = 0; k < features.size(); ++k) features[k] += update[k % n];
  }
  return features;
}

}  // namespace eippot
