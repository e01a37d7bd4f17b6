#include "common/atomic_network.h"

#include <algorithm>

namespace eippot {

namespace {

/// What it gives for isolated atoms of each species: (S,) [eV].
std::vector<double> isolated_outputs(const AtomicNetworkWeights &weights) {
  std::vector<double> outputs;
  const double *inputs = weights.isolated_inputs.data();
  const double *bias = weights.species_bias.data(), *end = bias + weights.species_bias.size();
  for (; bias < end; bias += weights.channels, inputs += weights.n_in) {
    DenseWeights first = weights.first;
    first.bias.assign(bias, bias + weights.channels);
    auto x = activated(multiplied(first, {inputs, inputs + weights.n_in}));
    for (const DenseWeights &layer : weights.layers) x = activated(multiplied(layer, x));
    outputs.push_back(weights.scale * multiplied({weights.output, {}}, x).front());
  }
  return outputs;
}

}  // namespace

template <class real>
AtomicNetwork<real>::AtomicNetwork(const AtomicNetworkWeights &weights,
                                   const Kernels<real> &kernels)
    : kernels_(kernels),
      width_(round_up(weights.channels, kernels.panel)),
      first_(weights.first, weights.n_in, kernels.panel),
      first_back_(transposed(weights.first, weights.n_in), weights.channels, kernels.panel),
      species_bias_(padded<real>(weights.species_bias, weights.channels, width_, 1.0)),
      output_(padded<real>(weights.output, weights.channels, width_, weights.scale)),
      isolated_outputs_(isolated_outputs(weights)),
      isolated_energies_(weights.isolated_energies) {
  for (const DenseWeights &layer : weights.layers) {
    layers_.push_back({{layer, weights.channels, kernels.panel},
                       {transposed(layer, weights.channels), weights.channels, kernels.panel}});
  }
}

template <class real>
void AtomicNetwork<real>::evaluate(const std::int32_t *species, const char *bonded, int n,
                                   int n_counted, real *inputs, double *energies,
                                   Scratch &scratch) const {
  const int size = n * width_;
  scratch.slopes.resize(layers_.size() + 1);
  for (auto &slopes : scratch.slopes) slopes.resize(size);
  for (auto *values : {&scratch.values, &scratch.other_values}) values->resize(size);
  real *values = scratch.values.data(), *others = scratch.other_values.data();

  for (int i = 0; i < n; ++i) {
    std::copy_n(species_bias_.data() + species[i] * width_, width_, values + i * width_);
  }
  kernels_.multiply(first_.packed(), inputs, n, values, true);
  kernels_.activate(values, scratch.slopes[0].data(), size);
  for (std::size_t k = 0; k < layers_.size(); ++k) {
    kernels_.multiply(layers_[k].forward.packed(), values, n, others, false);
    std::swap(values, others);
    kernels_.activate(values, scratch.slopes[k + 1].data(), size);
  }
  for (int i = 0; i < n; ++i) {
    real *hidden = values + i * width_;
    energies[i] = isolated_energies_[species[i]];
    if (bonded[i]) {
      energies[i] += kernels_.dot(output_.data(), hidden, width_);
      energies[i] -= isolated_outputs_[species[i]];
    }
    if (i < n_counted) {
      std::copy_n(output_.data(), width_, hidden);
    } else {
      std::fill_n(hidden, width_, real{});
    }
  }
  for (std::size_t k = layers_.size(); k > 0; --k) {
    kernels_.scale(values, scratch.slopes[k].data(), size);
    kernels_.multiply(layers_[k - 1].back.packed(), values, n, others, false);
    std::swap(values, others);
  }
  kernels_.scale(values, scratch.slopes[0].data(), size);
  kernels_.multiply(first_back_.packed(), values, n, inputs, false);
}

template class AtomicNetwork<float>;
template class AtomicNetwork<double>;

}  // namespace eippot
