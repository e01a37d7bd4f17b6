#include "soapnet_engine.h"

#include <algorithm>
#include <cmath>

namespace eippot {

namespace {

constexpr int block_size = 24;

}  // namespace

template <class real>
SOAPNetEngine<real>::SOAPNetEngine(const SOAPNetWeights &weights, const Kernels<real> &kernels)
    : kernels_(kernels),
      shape_(weights.shape),
      components_(round_up(shape_.components(), kernels.panel)),
      width_(round_up(weights.channels, kernels.panel)),
      bins_per_length_(static_cast<real>((weights.n_knots - 1) / weights.cutoff)),
      radial_({weights.radial}, weights.n_knots, shape_.radial_width(), weights.cutoff,
              shape_.radial_width(), shape_.radial_width()),
      harmonics_(shape_.n_degrees),
      mixing_(padded<real>(weights.mixing, shape_.n_mixed, shape_.n_mixed, 1.0)),
      own_coefficients_(
          padded<real>(own_coefficients(weights), shape_.rows(), shape_.rows(), 1.0)),
      first_(weights.first, shape_.components(), kernels.panel),
      first_back_(transposed(weights.first, shape_.components()), weights.channels, kernels.panel),
      embedding_(padded<real>(weights.embedding, weights.channels, width_, 1.0)),
      output_(padded<real>(weights.output, weights.channels, width_, weights.energy_scale)),
      isolated_outputs_(isolated_outputs(weights)),
      isolated_energies_(weights.isolated_energies),
      edges_(weights.cutoff, weights.n_species) {
  for (const DenseWeights &layer : weights.layers) {
    layers_.push_back({{layer, weights.channels, kernels.panel},
                       {transposed(layer, weights.channels), weights.channels, kernels.panel}});
  }
}

template <class real>
void SOAPNetEngine<real>::reset(const Neighborhoods &around, int n_threads) {
  around_ = &around;
  if (keeps_rows_) rows_.resize(static_cast<std::size_t>(around.n_nodes) * shape_.coefficients());
  scratch_.resize(std::max(n_threads, 1));
  for (Scratch &scratch : scratch_) {
    scratch.coefficients.resize(block_size * shape_.coefficients());
    scratch.spectrum.resize(static_cast<std::size_t>(block_size) * components_);
    scratch.activation.resize(layers_.size() + 1);
    for (auto &slopes : scratch.activation) slopes.resize(block_size * width_);
    for (auto *values : {&scratch.values, &scratch.other_values})
      values->resize(block_size * width_);
    scratch.matrix.resize(shape_.rows() * shape_.rows());
    scratch.by_coefficients.resize(shape_.coefficients());
    scratch.prepared.resize(prepared_size(shape_));
  }
}

template <class real>
void SOAPNetEngine<real>::evaluate(const Neighborhoods &around, const RowExchange<real> &exchange,
                                   int n_threads, const EnergiesAndForces &results) {
  keeps_rows_ = static_cast<bool>(exchange);
  reset(around, n_threads);
  const Blocks blocks{around.n_centers, block_size};
  edges_.reset(blocks);
  blocks.for_each(scratch_,
                  [&](Block block, Scratch &scratch) { centers(block, scratch, results); });
  if (exchange) {
    exchange(rows_.data(), shape_.coefficients());
    far_edges_.collect(around, blocks, edges_, static_cast<int>(isolated_energies_.size()));
    const Blocks further{around.n_nodes - around.n_centers, block_size};
    further.for_each(scratch_,
                     [&](Block block, Scratch &scratch) { further_nodes(block, scratch); });
  }
  blocks.for_each(scratch_,
                  [&](Block block, Scratch &) { edges_.sum_forces(block, results); });
}

template <class real>
void SOAPNetEngine<real>::centers(Block block, Scratch &scratch,
                                  const EnergiesAndForces &results) {
  edges_.fill(*around_, block, scratch.edges);
  const EdgeFunctions<real> functions = functions_of(edges_[block], scratch);
  densities(block, functions, scratch);
  network(block, scratch, results);
  back_through_network(block, scratch);
  gradients(block, functions, scratch);
}

/// Radial functions and harmonics of edges.
template <class real>
EdgeFunctions<real> SOAPNetEngine<real>::functions_of(const BlockEdges<real> &edges,
                                                      Scratch &scratch) {
  const int n = round_up(edges.n, edges_in_block);
  scratch.coordinates.resize(n);
  scratch.radial.resize(2L * n * shape_.radial_width());
  scratch.harmonics.resize(static_cast<std::size_t>(n) * shape_.harmonics());
  scratch.slopes.resize(4 * n);
  for (int e = 0; e < edges.n; ++e) {
    const real x = edges.x[e], y = edges.y[e], z = edges.z[e];
    scratch.coordinates[e] = std::sqrt(x * x + y * y + z * z) * bins_per_length_;
  }
  kernels_.soap->radial(radial_.polynomials(), scratch.coordinates.data(), edges.n,
                        scratch.radial.data());
  kernels_.soap->harmonics(harmonics_.recurrence(), edges.x.data(), edges.y.data(),
                           edges.z.data(), n, scratch.harmonics.data());
  return {scratch.radial.data(), scratch.harmonics.data()};
}

/// Calls action(species, edges to neighbors of this species) for those that there are.
template <class real, class Action>
void for_each_species(const BlockEdges<real> &edges, EdgeSpan span, const std::int32_t *species,
                      Action action) {
  for (int begin = span.begin; begin < span.end;) {
    const std::int32_t kind = species[edges.node[begin]];
    int end = begin + 1;
    while (end < span.end && species[edges.node[end]] == kind) ++end;
    action(kind, EdgeSpan{begin, end});
    begin = end;
  }
}

/// Coefficients of the density around each center, the center included, and their power spectrum.
template <class real>
void SOAPNetEngine<real>::densities(Block block, const EdgeFunctions<real> &functions,
                                    Scratch &scratch) {
  const BlockEdges<real> &edges = edges_[block];
  const int rows = shape_.rows();
  for (int i = 0; i < block.size(); ++i) {
    real *coefficients = scratch.coefficients.data() + i * shape_.coefficients();
    const int own = around_->species[block.begin + i];
    std::fill_n(coefficients, shape_.coefficients(), real{});
    std::copy_n(own_coefficients_.data() + own * rows, rows, coefficients);
    for_each_species(
        edges, {edges.first[i], edges.first[i + 1]}, around_->species,
        [&](int species, EdgeSpan span) {
          kernels_.soap->add_density(shape_, functions, span,
                                     mixing_.data() + species * shape_.n_mixed, coefficients);
        });
    kernels_.soap->spectrum(shape_, coefficients, scratch.spectrum.data() + i * components_);
  }
}

/// Energies, and in scratch.values the gradient by what the last activation gives.
template <class real>
void SOAPNetEngine<real>::network(Block block, Scratch &scratch,
                                  const EnergiesAndForces &results) {
  const int n = block.size();
  for (int i = 0; i < n; ++i) {
    std::copy_n(embedding_.data() + around_->species[block.begin + i] * width_, width_,
                scratch.values.data() + i * width_);
  }
  kernels_.multiply(first_.packed(), scratch.spectrum.data(), n, scratch.values.data(), true);
  kernels_.activate(scratch.values.data(), scratch.activation[0].data(), n * width_);
  for (std::size_t k = 0; k < layers_.size(); ++k) {
    kernels_.multiply(layers_[k].forward.packed(), scratch.values.data(), n,
                      scratch.other_values.data(), false);
    std::swap(scratch.values, scratch.other_values);
    kernels_.activate(scratch.values.data(), scratch.activation[k + 1].data(), n * width_);
  }
  const BlockEdges<real> &edges = edges_[block];
  for (int i = 0; i < n; ++i) {
    const int species = around_->species[block.begin + i];
    real *hidden = scratch.values.data() + i * width_;
    double &energy = results.energies[block.begin + i];
    energy = isolated_energies_[species];
    if (edges.first[i + 1] > edges.first[i]) {
      energy += kernels_.dot(output_.data(), hidden, width_);
      energy -= isolated_outputs_[species];
    }
    std::copy_n(output_.data(), width_, hidden);
  }
}

/// The gradient by the spectrum, in its place.
template <class real>
void SOAPNetEngine<real>::back_through_network(Block block, Scratch &scratch) {
  const int n = block.size();
  for (std::size_t k = layers_.size(); k > 0; --k) {
    kernels_.scale(scratch.values.data(), scratch.activation[k].data(), n * width_);
    kernels_.multiply(layers_[k - 1].back.packed(), scratch.values.data(), n,
                      scratch.other_values.data(), false);
    std::swap(scratch.values, scratch.other_values);
  }
  kernels_.scale(scratch.values.data(), scratch.activation[0].data(), n * width_);
  kernels_.multiply(first_back_.packed(), scratch.values.data(), n, scratch.spectrum.data(), false);
}

/// Of each center's energy by its edges.
template <class real>
void SOAPNetEngine<real>::gradients(Block block, const EdgeFunctions<real> &functions,
                                    Scratch &scratch) {
  BlockEdges<real> &edges = edges_[block];
  for (int i = 0; i < block.size(); ++i) {
    real *by_coefficients = scratch.by_coefficients.data();
    if (keeps_rows_)
      by_coefficients =
          rows_.data() + static_cast<std::size_t>(block.begin + i) * shape_.coefficients();
    kernels_.soap->spectrum_gradient(shape_, scratch.spectrum.data() + i * components_,
                                     scratch.coefficients.data() + i * shape_.coefficients(),
                                     scratch.matrix.data(), by_coefficients);
    for_each_species(edges, {edges.first[i], edges.first[i + 1]}, around_->species,
                     [&](int species, EdgeSpan span) {
                       edge_gradients(edges, span, functions, species, by_coefficients, scratch,
                                      edges.gradient.data());
                     });
  }
}

/// From the gradient by the coefficients of an atom's density to that by its edges to neighbors of
/// one species, result (E, 3).
template <class real>
void SOAPNetEngine<real>::edge_gradients(const BlockEdges<real> &edges, EdgeSpan span,
                                         const EdgeFunctions<real> &functions, int species,
                                         const real *by_coefficients, Scratch &scratch,
                                         real *result) {
  kernels_.soap->prepare_slopes(shape_, harmonics_.gradient(),
                                mixing_.data() + species * shape_.n_mixed, by_coefficients,
                                scratch.prepared.data());
  kernels_.soap->edge_slopes(shape_, scratch.prepared.data(), functions, span,
                             scratch.slopes.data());
  const real factor = bins_per_length_ * bins_per_length_;
  for (int e = span.begin; e < span.end; ++e) {
    const real *slopes = scratch.slopes.data() + 4 * e;
    const real coordinate = scratch.coordinates[e];
    const real along = coordinate > 0 ? slopes[0] * factor / coordinate : real{};
    result[3 * e] = along * edges.x[e] + slopes[1];
    result[3 * e + 1] = along * edges.y[e] + slopes[2];
    result[3 * e + 2] = along * edges.z[e] + slopes[3];
  }
}

/// Takes the gradients of further nodes' energies from those of the edges that centers have to them.
template <class real>
void SOAPNetEngine<real>::further_nodes(Block block, Scratch &scratch) {
  const int n_species = static_cast<int>(isolated_energies_.size());
  const Blocks blocks{around_->n_centers, block_size};
  const int begin = far_edges_.first(block.begin, 0), end = far_edges_.first(block.end, 0);
  BlockEdges<real> &seen = scratch.seen_from_there;
  seen.resize(end - begin);
  for (int k = begin; k < end; ++k) {
    const BlockEdges<real> &edges = edges_[blocks[far_edges_[k].block]];
    const int e = far_edges_[k].edge;
    seen.x[k - begin] = -edges.x[e];
    seen.y[k - begin] = -edges.y[e];
    seen.z[k - begin] = -edges.z[e];
  }
  const EdgeFunctions<real> functions = functions_of(seen, scratch);
  for (int node = block.begin; node < block.end; ++node) {
    const real *row = rows_.data() + static_cast<std::size_t>(around_->n_centers + node) *
                                         shape_.coefficients();
    for (int species = 0; species < n_species; ++species) {
      const EdgeSpan span = {far_edges_.first(node, species) - begin,
                             far_edges_.first(node, species + 1) - begin};
      if (span.begin < span.end)
        edge_gradients(seen, span, functions, species, row, scratch, seen.gradient.data());
    }
  }
  for (int k = begin; k < end; ++k) {
    BlockEdges<real> &edges = edges_[blocks[far_edges_[k].block]];
    for (int d = 0; d < 3; ++d) {
      edges.gradient[3 * far_edges_[k].edge + d] -= seen.gradient[3 * (k - begin) + d];
    }
  }
}

template <class real>
std::size_t SOAPNetEngine<real>::bytes() const {
  return edges_.bytes() + rows_.bytes() + far_edges_.bytes();
}

template class SOAPNetEngine<float>;
template class SOAPNetEngine<double>;

}  // namespace eippot
