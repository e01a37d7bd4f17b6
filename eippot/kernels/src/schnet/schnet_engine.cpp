#include "schnet/schnet_engine.h"

#include <algorithm>

#include "common/radial_forces.h"

namespace eippot {

namespace {

/// So many centers share the coefficients of a bin; there are fewer where threads would have none.
constexpr int largest_block = 96;

/// One table for each species of the neighbor in the first interaction, else one for all.
std::vector<KnotValues> filters(const SchNetWeights &weights, std::size_t index) {
  if (index > 0) return {weights.interactions[index].filter};
  std::vector<KnotValues> tables;
  for (int species = 0; species < weights.n_species; ++species) {
    tables.push_back(first_filter(weights, species));
  }
  return tables;
}

}  // namespace

template <class real>
SchNetEngine<real>::SchNetEngine(const SchNetWeights &weights, const Kernels<real> &kernels)
    : kernels_(kernels),
      channels_(weights.channels),
      width_(round_up(weights.channels, kernels.panel)),
      head_(weights.head, kernels),
      embedding_(padded<real>(weights.embedding, channels_, width_, 1.0)),
      edges_(weights.cutoff, weights.n_knots - 1) {
  for (std::size_t index = 0; index < weights.interactions.size(); ++index) {
    interactions_.push_back(make_interaction(weights, index, width_, kernels.panel));
  }
}

/// The factor of the sums over neighbors goes into the layer behind them.
template <class real>
typename SchNetEngine<real>::Interaction SchNetEngine<real>::make_interaction(
    const SchNetWeights &weights, std::size_t index, int width, int panel) {
  const InteractionWeights &from = weights.interactions[index];
  const int channels = weights.channels;
  const auto layer = [&](const DenseWeights &w) { return DenseLayer<real>(w, channels, panel); };
  const auto back = [&](const DenseWeights &w) { return layer(transposed(w, channels)); };
  const DenseWeights first = scaled(from.first, weights.neighbor_scale);
  return {layer(from.project),
          back(from.project),
          layer(first),
          back(first),
          layer(from.second),
          back(from.second),
          {filters(weights, index), weights.n_knots, channels, weights.cutoff, width, panel},
          {},
          {}};
}

template <class real>
void SchNetEngine<real>::reset(const Neighborhoods &around, int n_threads) {
  around_ = &around;
  const std::size_t rows = static_cast<std::size_t>(around.n_nodes) * width_;
  features_.resize(static_cast<std::size_t>(around.n_centers) * width_);
  for (Interaction &interaction : interactions_) {
    if (&interaction != &interactions_.front()) interaction.values.resize(rows);
    interaction.gradient.resize(rows);
  }
  scratch_.resize(std::max(n_threads, 1));
  for (Scratch &scratch : scratch_) {
    for (auto *rows_of_block : {&scratch.a, &scratch.b}) {
      rows_of_block->resize(static_cast<std::size_t>(largest_block) * width_);
    }
  }
}

template <class real>
void SchNetEngine<real>::evaluate(const Neighborhoods &around, const RowExchange<real> &exchange,
                                  int n_threads, const EnergiesAndForces &results) {
  reset(around, n_threads);
  const int share = around.n_centers / static_cast<int>(scratch_.size()) + 1;
  const Blocks blocks{around.n_centers, std::min(share, largest_block)};
  edges_.reset(blocks.count());
  const auto to_further_nodes = [&](AlignedArray<real> &rows) {
    if (exchange) exchange(rows.data(), width_);
  };
  const auto gradient = [&](std::size_t layer, Block block) {
    return row(interactions_[layer].gradient, block.begin);
  };
  const std::size_t last = interactions_.size() - 1;

  for (std::size_t layer = 0; layer < last; ++layer) {
    blocks.for_each(scratch_, [&](Block block, Scratch &scratch) {
      forward(layer, block, gradient(layer, block), scratch);
      Interaction &next = interactions_[layer + 1];
      kernels_.multiply(next.project.packed(), row(features_, block.begin), block.size(),
                        row(next.values, block.begin), false);
    });
    to_further_nodes(interactions_[layer + 1].values);
  }
  blocks.for_each(scratch_, [&](Block block, Scratch &scratch) {
    forward(last, block, scratch.b.data(), scratch);
    read_energies(block, scratch, results);
    back_through_update(last, block, scratch.b.data(), scratch);
  });
  for (std::size_t layer = last; layer > 0; --layer) {
    to_further_nodes(interactions_[layer].gradient);
    blocks.for_each(scratch_, [&](Block block, Scratch &scratch) {
      backward(layer, block, scratch);
      back_through_update(layer - 1, block, gradient(layer - 1, block), scratch);
    });
  }
  to_further_nodes(interactions_[0].gradient);
  blocks.for_each(scratch_,
                  [&](Block block, Scratch &scratch) { forces(block, scratch, results); });
}

/// x = embedding of the species.
template <class real>
void SchNetEngine<real>::embed(Block block) {
  for (int i = block.begin; i < block.end; ++i) {
    std::copy_n(row(embedding_, around_->species[i]), width_, row(features_, i));
  }
}

/// What the activation is fed, in scratch.a.
template <class real>
void SchNetEngine<real>::sum_over_neighbors(std::size_t layer, Block block, Scratch &scratch) {
  Interaction &interaction = interactions_[layer];
  const PackedLayer<real> first = interaction.first.packed();
  const Polynomials<real> filter = interaction.filter.polynomials();
  real *sums = layer == 0 ? scratch.a.data() : scratch.b.data();
  std::fill_n(sums, static_cast<std::size_t>(block.size()) * width_, real{});
  if (layer == 0) {
    for (int i = 0; i < block.size() && first.bias; ++i) {
      std::copy_n(first.bias, width_, sums + i * width_);
    }
    kernels_.gather_species(edges_[block], filter, around_->species, sums);
  } else {
    kernels_.gather(edges_[block], filter, interaction.values.data(), sums);
    kernels_.multiply(first, sums, block.size(), scratch.a.data(), false);
  }
}

/// x += second ssp(first sum over neighbors), and the slopes of the activation.
template <class real>
void SchNetEngine<real>::forward(std::size_t layer, Block block, real *slopes, Scratch &scratch) {
  if (layer == 0) {
    edges_.fill(*around_, block, scratch.edges);
    embed(block);
  }
  sum_over_neighbors(layer, block, scratch);
  kernels_.activate(scratch.a.data(), slopes, block.size() * width_);
  kernels_.multiply(interactions_[layer].second.packed(), scratch.a.data(), block.size(),
                    row(features_, block.begin), true);
}

/// Energies from x; then its gradient is in the place of x.
template <class real>
void SchNetEngine<real>::read_energies(Block block, Scratch &scratch,
                                       const EnergiesAndForces &results) {
  edges_.mark_bonded(block, scratch.bonded);
  head_.evaluate(around_->species + block.begin, scratch.bonded.data(), block.size(),
                 around_->counted(block.begin, block.end), row(features_, block.begin),
                 results.energies + block.begin, scratch.head);
}

/// From the gradient by x after an interaction to that by its sums over neighbors (in the first
/// interaction: by what its activation is fed). May take the place of the slopes.
template <class real>
void SchNetEngine<real>::back_through_update(std::size_t layer, Block block, const real *slopes,
                                             Scratch &scratch) {
  Interaction &interaction = interactions_[layer];
  real *by_input = scratch.a.data(), *gradient = row(interaction.gradient, block.begin);
  kernels_.multiply(interaction.second_back.packed(), row(features_, block.begin), block.size(),
                    by_input, false);
  kernels_.scale(by_input, slopes, block.size() * width_);
  if (layer == 0) {
    std::copy_n(by_input, static_cast<std::size_t>(block.size()) * width_, gradient);
  } else {
    kernels_.multiply(interaction.first_back.packed(), by_input, block.size(), gradient, false);
  }
}

/// Adds to the gradient by x what it is through the neighbors' sums, and to that by distances.
template <class real>
void SchNetEngine<real>::backward(std::size_t layer, Block block, Scratch &scratch) {
  Interaction &interaction = interactions_[layer];
  real *by_values = scratch.a.data();
  std::fill_n(by_values, static_cast<std::size_t>(block.size()) * width_, real{});
  kernels_.gather_gradient(edges_[block], interaction.filter.polynomials(),
                           interaction.values.data(), interaction.gradient.data(),
                           row(interaction.values, block.begin),
                           row(interaction.gradient, block.begin), by_values);
  kernels_.multiply(interaction.project_back.packed(), by_values, block.size(),
                    row(features_, block.begin), true);
}

template <class real>
void SchNetEngine<real>::forces(Block block, Scratch &scratch, const EnergiesAndForces &results) {
  Interaction &interaction = interactions_[0];
  kernels_.gather_species_gradient(edges_[block], interaction.filter.polynomials(),
                                   around_->species, around_->species + block.begin,
                                   interaction.gradient.data(),
                                   row(interaction.gradient, block.begin));
  sum_radial_forces(*around_, block, edges_, scratch.edges.neighbors, scratch.slopes, results);
}

template <class real>
std::size_t SchNetEngine<real>::bytes() const {
  std::size_t total = features_.bytes() + edges_.bytes();
  for (const Interaction &interaction : interactions_) {
    total += interaction.values.bytes() + interaction.gradient.bytes();
  }
  return total;
}

template class SchNetEngine<float>;
template class SchNetEngine<double>;

}  // namespace eippot
