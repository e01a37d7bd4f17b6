#include "equivariant/equivariant_weights.h"

#include <cmath>

#include "equivariant/tensor_kernels.h"

namespace eippot {

namespace {

std::vector<double> embedded(const EquivariantWeights &weights, int species) {
  const auto begin = weights.embedding.begin() + species * weights.channels;
  return {begin, begin + weights.channels};
}

}  // namespace

int ConvolutionWeights::n_paths(int out) const {
  int n = 0;
  for (const PathWeights &path : paths) n += path.out == out;
  return n;
}

std::vector<double> skip_of_species(const EquivariantWeights &weights,
                                    const std::vector<double> &skip, int species) {
  std::vector<double> matrix;
  for (std::size_t k = species; k < skip.size(); k += weights.n_species) matrix.push_back(skip[k]);
  return matrix;
}

KnotValues first_path_weights(const EquivariantWeights &weights, const PathWeights &path,
                              int species) {
  const auto y =
      multiplied({weights.convolutions.front().project.front(), {}}, embedded(weights, species));
  KnotValues known = path.weights;
  for (std::size_t k = 0; k < known.values.size(); ++k) {
    known.values[k] *= y[k % weights.channels];
    known.derivatives[k] *= y[k % weights.channels];
  }
  return known;
}

/// Without neighbors there are scalars only.
std::vector<double> isolated_features(const EquivariantWeights &weights) {
  std::vector<double> features;
  for (int species = 0; species < weights.n_species; ++species) {
    std::vector<double> x = embedded(weights, species);
    for (const ConvolutionWeights &convolution : weights.convolutions) {
      x = multiplied({skip_of_species(weights, convolution.skip.front(), species), {}}, x);
      x.resize(weights.channels);  // without gates
      for (double &value : x) value *= silu_scale / (1.0 + std::exp(-value));
    }
    features.insert(features.end(), x.begin(), x.end());
  }
  return features;
}

}  // namespace eippot
