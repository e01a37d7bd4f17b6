#include "cgcnn/cgcnn_engine.h"

#include <algorithm>
#include <utility>

namespace eippot {

namespace {

constexpr int block_size = 48;

/// Each of the four parts of the outputs, and the inputs, padded to `width`.
DenseWeights padded_parts(const DenseWeights &layer, int channels, int width) {
  DenseWeights result;
  result.matrix.resize(4UL * width * width);
  result.bias.resize(4UL * width);
  for (int row = 0; row < 4 * channels; ++row) {
    const std::size_t to = row / channels * width + row % channels;
    result.bias[to] = layer.bias[row];
    std::copy_n(layer.matrix.begin() + row * channels, channels,
                result.matrix.begin() + to * width);
  }
  return result;
}

}  // namespace

template <class real>
CGCNNEngine<real>::CGCNNEngine(const CGCNNWeights &weights, const Kernels<real> &kernels)
    : kernels_(kernels),
      width_(round_up(weights.channels, kernels.panel)),
      neighbor_scale_(static_cast<real>(weights.neighbor_scale)),
      embedding_(padded<real>(weights.embedding, weights.channels, width_, 1.0)),
      species_atoms_(4UL * weights.n_species * width_),
      network_(weights.network, kernels),
      edges_(weights.cutoff, weights.n_knots - 1) {
  for (const GatedConvolutionWeights &convolution : weights.convolutions) {
    convolutions_.push_back(make_convolution(convolution, weights, width_, kernels.panel));
  }
  kernels_.multiply(convolutions_.front().atoms.packed(), embedding_.data(), weights.n_species,
                    species_atoms_.data(), false);
}

template <class real>
typename CGCNNEngine<real>::Convolution CGCNNEngine<real>::make_convolution(
    const GatedConvolutionWeights &weights, const CGCNNWeights &all, int width, int panel) {
  const DenseWeights atoms = padded_parts(weights.atoms, all.channels, width);
  return {{atoms, width, panel},
          {transposed(atoms, width), 4 * width, panel},
          {{weights.gate, weights.core}, all.n_knots, all.channels, all.cutoff, width, panel},
          {}};
}

template <class real>
void CGCNNEngine<real>::reset(const Neighborhoods &around, int n_threads) {
  around_ = &around;
  const std::size_t rows = static_cast<std::size_t>(around.n_nodes) * width_;
  for (Convolution &convolution : convolutions_) {
    if (&convolution != &convolutions_.front()) convolution.features.resize(rows);
  }
  atoms_.resize(4 * rows);
  for (auto *gradient : {&gradient_, &next_gradient_}) gradient->resize(rows);
  scratch_.resize(std::max(n_threads, 1));
  for (Scratch &scratch : scratch_) scratch.by_atoms.resize(4UL * block_size * width_);
}

template <class real>
void CGCNNEngine<real>::evaluate(const Neighborhoods &around, const RowExchange<real> &exchange,
                                 int n_threads, const EnergiesAndForces &results) {
  reset(around, n_threads);
  const Blocks blocks{around.n_centers, block_size};
  edges_.reset(blocks.count());
  const auto to_further_nodes = [&](AlignedArray<real> &rows) {
    if (exchange) exchange(rows.data(), width_);
  };
  const std::size_t n_layers = convolutions_.size();

  for (std::size_t layer = 0; layer < n_layers; ++layer) {
    prepare_atoms(layer);
    blocks.for_each(scratch_,
                    [&](Block block, Scratch &scratch) { forward(layer, block, scratch); });
    if (layer + 1 < n_layers) to_further_nodes(convolutions_[layer + 1].features);
  }
  blocks.for_each(scratch_,
                  [&](Block block, Scratch &scratch) { energies(block, scratch, results); });
  for (std::size_t layer = n_layers; layer-- > 0;) {
    to_further_nodes(gradient_);
    if (layer + 1 < n_layers) prepare_atoms(layer);
    blocks.for_each(scratch_,
                    [&](Block block, Scratch &scratch) { backward(layer, block, scratch); });
    std::swap(gradient_, next_gradient_);
  }
  blocks.for_each(scratch_, [&](Block block, Scratch &scratch) {
    sum_radial_forces(around, block, edges_, scratch.edges.neighbors, scratch.slopes, results);
  });
}

/// a and b of all nodes.
template <class real>
void CGCNNEngine<real>::prepare_atoms(std::size_t layer) {
  Convolution &convolution = convolutions_[layer];
  const Blocks nodes{around_->n_nodes, block_size};
  nodes.for_each(scratch_, [&](Block block, Scratch &) {
    if (layer > 0) {
      kernels_.multiply(convolution.atoms.packed(), row(convolution.features, block.begin),
                        block.size(), row(atoms_, 4 * block.begin), false);
      return;
    }
    for (int node = block.begin; node < block.end; ++node) {
      std::copy_n(row(species_atoms_, 4 * around_->species[node]), 4 * width_,
                  row(atoms_, 4 * node));
    }
  });
}

/// v += messages. After the last convolution, v is where its gradient will be.
template <class real>
void CGCNNEngine<real>::forward(std::size_t layer, Block block, Scratch &scratch) {
  const bool is_last = layer + 1 == convolutions_.size();
  real *sums = row(is_last ? gradient_ : convolutions_[layer + 1].features, block.begin);
  if (layer == 0) {
    edges_.fill(*around_, block, scratch.edges);
    for (int i = 0; i < block.size(); ++i) {
      std::copy_n(row(embedding_, around_->species[block.begin + i]), width_, sums + i * width_);
    }
  } else {
    std::copy_n(row(convolutions_[layer].features, block.begin), block.size() * width_, sums);
  }
  kernels_.cgcnn->gather_messages(edges_[block], tables_of(convolutions_[layer]),
                                  row(atoms_, 4 * block.begin), atoms_.data(), sums);
}

template <class real>
void CGCNNEngine<real>::energies(Block block, Scratch &scratch, const EnergiesAndForces &results) {
  edges_.mark_bonded(block, scratch.bonded);
  network_.evaluate(around_->species + block.begin, scratch.bonded.data(), block.size(),
                    around_->counted(block.begin, block.end), row(gradient_, block.begin),
                    results.energies + block.begin, scratch.network);
}

/// From the gradient by v after a convolution to that before it, and by distances.
template <class real>
void CGCNNEngine<real>::backward(std::size_t layer, Block block, Scratch &scratch) {
  const int n = block.size();
  std::fill_n(scratch.by_atoms.data(), 4 * n * width_, real{});
  kernels_.cgcnn->gather_message_gradient(
      edges_[block], tables_of(convolutions_[layer]), row(atoms_, 4 * block.begin), atoms_.data(),
      row(gradient_, block.begin), gradient_.data(), scratch.by_atoms.data());
  if (layer == 0) return;  // before it there are species
  std::copy_n(row(gradient_, block.begin), n * width_, row(next_gradient_, block.begin));
  kernels_.multiply(convolutions_[layer].atoms_back.packed(), scratch.by_atoms.data(), n,
                    row(next_gradient_, block.begin), true);
}

template <class real>
std::size_t CGCNNEngine<real>::bytes() const {
  std::size_t total = edges_.bytes() + atoms_.bytes() + gradient_.bytes() + next_gradient_.bytes();
  for (const Convolution &convolution : convolutions_) total += convolution.features.bytes();
  return total;
}

template class CGCNNEngine<float>;
template class CGCNNEngine<double>;

}  // namespace eippot
