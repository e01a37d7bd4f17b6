#include "equivariant/equivariant_engine.h"

#include <algorithm>

namespace eippot {

namespace {

constexpr int block_size = 64;

}  // namespace

template <class real>
EquivariantEngine<real>::EquivariantEngine(const EquivariantWeights &weights,
                                           const Kernels<real> &kernels)
    : kernels_(kernels),
      width_(round_up(weights.channels, kernels.panel)),
      harmonics_(weights.l_max, weights.harmonics, weights.shortest),
      head_(weights.head, kernels),
      edges_(weights.cutoff, weights.n_knots - 1, weights.shortest) {
  for (std::size_t index = 0; index < weights.convolutions.size(); ++index) {
    layers_.push_back({{weights, index, width_, kernels}, {}, {}, {}, {}});
    layers_.back().paths = layers_.back().convolution.paths();
  }
}

template <class real>
void EquivariantEngine<real>::reset(const Neighborhoods &around, int n_threads) {
  around_ = &around;
  const std::size_t n_nodes = around.n_nodes, n_centers = around.n_centers;
  std::size_t features = width_, sums = 0;
  for (Layer &layer : layers_) {
    const Convolution<real> &convolution = layer.convolution;
    if (&layer != &layers_.front()) layer.values.resize(n_nodes * convolution.in_width());
    layer.gradient.resize(n_nodes * convolution.sums_width());
    layer.updates.resize(n_centers * convolution.update_width());
    features = std::max<std::size_t>(features, convolution.in_width());
    sums = std::max<std::size_t>(sums, convolution.sums_width());
  }
  scratch_.resize(std::max(n_threads, 1));
  for (Scratch &scratch : scratch_) {
    scratch.sums.resize(block_size * sums);
    scratch.features.resize(block_size * features);
    scratch.by_values.resize(block_size * features);
  }
}

template <class real>
void EquivariantEngine<real>::evaluate(const Neighborhoods &around,
                                       const RowExchange<real> &exchange, int n_threads,
                                       const EnergiesAndForces &results) {
  reset(around, n_threads);
  const Blocks blocks{around.n_centers, block_size};
  edges_.reset(blocks.count());
  const auto to_further_nodes = [&](AlignedArray<real> &rows, int width) {
    if (exchange) exchange(rows.data(), width);
  };
  const std::size_t last = layers_.size() - 1;

  for (std::size_t index = 0; index < last; ++index) {
    Layer &next = layers_[index + 1];
    const int width = next.convolution.in_width();
    blocks.for_each(scratch_, [&](Block block, Scratch &scratch) {
      forward(index, block, scratch);
      next.convolution.project(scratch.features.data(), block.size(),
                               row(next.values, block.begin, width));
    });
    to_further_nodes(next.values, width);
  }
  blocks.for_each(scratch_, [&](Block block, Scratch &scratch) {
    forward(last, block, scratch);
    read_energies(block, scratch, results);
  });
  for (std::size_t index = last; index > 0; --index) {
    to_further_nodes(layers_[index].gradient, layers_[index].convolution.sums_width());
    blocks.for_each(scratch_,
                    [&](Block block, Scratch &scratch) { backward(index, block, scratch); });
  }
  to_further_nodes(layers_[0].gradient, layers_[0].convolution.sums_width());
  blocks.for_each(scratch_,
                  [&](Block block, Scratch &scratch) { forces(block, scratch, results); });
}

/// With harmonics, and derivatives that are zero.
template <class real>
TensorEdges<real> EquivariantEngine<real>::tensor_edges(Block block, Scratch &scratch) {
  const Range range = edges_[block];
  const HarmonicPolynomials<real> polynomials = harmonics_.polynomials();
  const std::size_t size = static_cast<std::size_t>(range.n) * polynomials.width;
  scratch.harmonics.resize(size);
  scratch.by_harmonics.resize(size);
  kernels_.tensor->evaluate_harmonics(polynomials, range, scratch.harmonics.data());
  std::fill_n(scratch.by_harmonics.data(), size, real{});
  return {range, scratch.harmonics.data(), scratch.by_harmonics.data(), polynomials.width};
}

/// Updates of the block from its sums over neighbors, and in scratch.features those after it.
template <class real>
void EquivariantEngine<real>::forward(std::size_t index, Block block, Scratch &scratch) {
  Layer &layer = layers_[index];
  if (index == 0) {
    edges_.fill(*around_, block, scratch.edges);
  } else {
    const GatedIrreps gated = layers_[index - 1].convolution.gated();
    kernels_.tensor->gate(gated, updates(index - 1, block), block.size(), scratch.features.data());
  }
  const TensorEdges<real> edges = tensor_edges(block, scratch);
  real *sums = scratch.sums.data();
  std::fill_n(sums, static_cast<std::size_t>(block.size()) * layer.convolution.sums_width(),
              real{});
  for (const TensorPath<real> &path : layer.paths) {
    if (index == 0)
      kernels_.tensor->gather_species(edges, path, around_->species, sums);
    else
      kernels_.tensor->gather(edges, path, layer.values.data(), sums);
  }
  layer.convolution.update(sums, scratch.features.data(), around_->species + block.begin,
                           block.size(), updates(index, block));
  kernels_.tensor->gate(layer.convolution.gated(), updates(index, block), block.size(),
                        scratch.features.data());
}

/// Energies from scratch.features, and then gradients by updates and sums of the last convolution.
template <class real>
void EquivariantEngine<real>::read_energies(Block block, Scratch &scratch,
                                            const EnergiesAndForces &results) {
  real *x = scratch.features.data();
  edges_.mark_bonded(block, scratch.bonded);
  head_.evaluate(around_->species + block.begin, scratch.bonded.data(), block.size(),
                 around_->counted(block.begin, block.end), x, results.energies + block.begin,
                 scratch.head);

  const std::size_t last = layers_.size() - 1;
  const Convolution<real> &convolution = layers_[last].convolution;
  kernels_.tensor->gate_gradient(convolution.gated(), x, block.size(), updates(last, block));
  convolution.mix_back(updates(last, block), block.size(), gradient(last, block));
}

/// From the gradients by sums over neighbors of a convolution to those of the one before.
template <class real>
void EquivariantEngine<real>::backward(std::size_t index, Block block, Scratch &scratch) {
  Layer &layer = layers_[index];
  const Convolution<real> &convolution = layer.convolution,
                          &before = layers_[index - 1].convolution;
  const TensorEdges<real> edges = tensor_edges(block, scratch);
  const int width = convolution.in_width();
  real *by_values = scratch.by_values.data(), *by_x = scratch.features.data();
  std::fill_n(by_values, static_cast<std::size_t>(block.size()) * width, real{});
  for (const TensorPath<real> &path : layer.paths) {
    kernels_.tensor->gather_gradient(edges, path, layer.values.data(), layer.gradient.data(),
                                     row(layer.values, block.begin, width), gradient(index, block),
                                     by_values);
  }
  kernels_.tensor->add_harmonics_gradient(harmonics_.polynomials(), edges.range, edges.by_harmonics,
                                          edges_.bins_per_length());

  convolution.project_back(by_values, block.size(), by_x);
  convolution.skip_back(updates(index, block), around_->species + block.begin, block.size(), by_x);
  kernels_.tensor->gate_gradient(before.gated(), by_x, block.size(), updates(index - 1, block));
  before.mix_back(updates(index - 1, block), block.size(), gradient(index - 1, block));
}

template <class real>
void EquivariantEngine<real>::forces(Block block, Scratch &scratch,
                                     const EnergiesAndForces &results) {
  Layer &layer = layers_[0];
  const TensorEdges<real> edges = tensor_edges(block, scratch);
  for (const TensorPath<real> &path : layer.paths) {
    kernels_.tensor->gather_species_gradient(edges, path, around_->species,
                                             around_->species + block.begin, layer.gradient.data(),
                                             gradient(0, block));
  }
  kernels_.tensor->add_harmonics_gradient(harmonics_.polynomials(), edges.range, edges.by_harmonics,
                                          edges_.bins_per_length());
  sum_forces(block, results);
}

/// The gradient by an edge's vector is that of both directions: it acts on the center, and half of
/// the virial is the center's.
template <class real>
void EquivariantEngine<real>::sum_forces(Block block, const EnergiesAndForces &results) {
  double forces[block_size][3] = {}, products[block_size][6] = {};
  const Range range = edges_[block];
  for (int e = 0; e < range.n; ++e) {
    const DirectedEdge<real> &edge = range.edges[e];
    const double length = edge.coordinate / static_cast<double>(edges_.bins_per_length());
    const real *g = edge.gradient, *u = edge.direction;
    double *force = forces[edge.center], *product = products[edge.center];
    for (int a = 0; a < 3; ++a) {
      force[a] += g[a];
      product[a] += length * u[a] * g[a];
    }
    product[3] += length * u[0] * g[1];
    product[4] += length * u[0] * g[2];
    product[5] += length * u[1] * g[2];
  }
  for (int i = 0; i < block.size(); ++i) {
    std::copy_n(forces[i], 3, results.forces + 3L * (block.begin + i));
    for (int k = 0; k < 6 && results.virials; ++k)
      results.virials[6L * (block.begin + i) + k] = -0.5 * products[i][k];
  }
}

template <class real>
std::size_t EquivariantEngine<real>::bytes() const {
  std::size_t total = edges_.bytes();
  for (const Layer &layer : layers_)
    total += layer.values.bytes() + layer.gradient.bytes() + layer.updates.bytes();
  return total;
}

template class EquivariantEngine<float>;
template class EquivariantEngine<double>;

}  // namespace eippot
