#include "schnet_weights.h"

#include <algorithm>
#include <cmath>

namespace eippot {

namespace {

std::vector<double> activated(std::vector<double> x) {
  for (double &value : x) {
    value = std::max(value, 0.0) + std::log1p(std::exp(-std::abs(value))) - std::log(2.0);
  }
  return x;
}

}  // namespace

std::vector<double> multiplied(const DenseWeights &layer, const std::vector<double> &x) {
  const std::size_t n = x.size();
  std::vector<double> y = layer.bias;
  y.resize(n);
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t k = 0; k < n; ++k) y[row] += layer.matrix[row * n + k] * x[k];
  }
  return y;
}

DenseWeights scaled(DenseWeights layer, double factor) {
  for (double &value : layer.matrix) value *= factor;
  return layer;
}

DenseWeights transposed(const DenseWeights &layer, int channels) {
  DenseWeights turned;
  turned.matrix.resize(layer.matrix.size());
  for (int row = 0; row < channels; ++row) {
    for (int k = 0; k < channels; ++k) {
      turned.matrix[k * channels + row] = layer.matrix[row * channels + k];
    }
  }
  return turned;
}

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
