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

std::vector<double> isolated_outputs(const SchNetWeights &weights) {
  const int n = weights.channels;
  std::vector<double> outputs;
  for (int species = 0; species < weights.n_species; ++species) {
    const double *embedded = weights.embedding.data() + species * n;
    std::vector<double> x(embedded, embedded + n);
    for (const InteractionWeights &interaction : weights.interactions) {
      const auto first = activated(multiplied(interaction.first, std::vector<double>(n)));
      const auto update = multiplied(interaction.second, first);
      for (int c = 0; c < n; ++c) x[c] += update[c];
    }
    const auto hidden = activated(multiplied(weights.head, x));
    double output = 0.0;
    for (int c = 0; c < n; ++c) output += weights.head_output[c] * hidden[c];
    outputs.push_back(weights.energy_scale * output);
  }
  return outputs;
}

}  // namespace eippot
