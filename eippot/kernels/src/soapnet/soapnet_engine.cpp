#include "soapnet/soapnet_engine.h"

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
      n_species_(weights.n_species),
      bins_per_length_(static_cast<real>((weights.n_knots - 1) / weights.cutoff)),
      radial_({weights.radial}, weights.n_knots, shape_.radial_width(), weights.cutoff,
              shape_.radial_width(), shape_.radial_width()),
      harmonics_(shape_.n_degrees),
      mixing_(padded<real>(weights.mixing, shape_.n_mixed, shape_.n_mixed, 1.0)),
      own_coefficients_(padded<real>(own_coefficients(weights), shape_.rows(), shape_.rows(), 1.0)),
      network_(weights.network, kernels),
      edges_(weights.cutoff, weights.n_species, *kernels.soap) {}

template <class real>
void SOAPNetEngine<real>::reset(const Neighborhoods &around, int n_threads) {
  around_ = &around;
  if (keeps_rows_) rows_.resize(static_cast<std::size_t>(around.n_nodes) * shape_.coefficients());
  scratch_.resize(std::max(n_threads, 1));
  for (Scratch &scratch : scratch_) {
    scratch.coefficients.resize(block_size * shape_.coefficients());
    scratch.spectra.resize(block_size * network_.in_width());
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
    far_edges_.collect(around, edges_, n_species_);
    const Blocks further{around.n_nodes - around.n_centers, block_size};
    further.for_each(scratch_,
                     [&](Block block, Scratch &scratch) { further_nodes(block, scratch); });
  }
  blocks.for_each(scratch_, [&](Block block, Scratch &scratch) {
    edges_.sum_forces(block, scratch.edges, results);
  });
}

/// Energies, and their gradients by the centers' edges.
template <class real>
void SOAPNetEngine<real>::centers(Block block, Scratch &scratch, const EnergiesAndForces &results) {
  edges_.fill(*around_, block, scratch.edges);
  const int n_edges = edges_.count(block);
  resize_edges(n_edges, scratch);
  VectorEdge<real> *edges = edges_[block.begin].edges;
  for (int e = 0; e < n_edges; ++e) {
    scratch.x[e] = edges[e].vector[0];
    scratch.y[e] = edges[e].vector[1];
    scratch.z[e] = edges[e].vector[2];
  }
  const EdgeFunctions<real> functions = functions_of_edges(n_edges, scratch);
  densities(block, functions, scratch);
  energies(block, scratch, results);
  gradients(block, functions, scratch);
  for (int e = 0; e < n_edges; ++e)
    std::copy_n(scratch.slopes.data() + 4 * e, 3, edges[e].gradient);
}

/// Vectors behind the last one are zero, up to a whole block of edges.
template <class real>
void SOAPNetEngine<real>::resize_edges(int n_edges, Scratch &scratch) {
  const int n = round_up(n_edges, edges_in_block);
  for (auto *component : {&scratch.x, &scratch.y, &scratch.z}) {
    component->resize(n);
    std::fill(component->data() + n_edges, component->data() + n, real{});
  }
  scratch.coordinates.resize(n);
  scratch.radial.resize(2L * n * shape_.radial_width());
  scratch.harmonics.resize(static_cast<std::size_t>(n) * shape_.harmonics());
  scratch.slopes.resize(4 * n);
}

/// Of the vectors in the scratch.
template <class real>
EdgeFunctions<real> SOAPNetEngine<real>::functions_of_edges(int n_edges, Scratch &scratch) {
  for (int e = 0; e < n_edges; ++e) {
    const real x = scratch.x[e], y = scratch.y[e], z = scratch.z[e];
    scratch.coordinates[e] = std::sqrt(x * x + y * y + z * z) * bins_per_length_;
  }
  kernels_.soap->radial(radial_.polynomials(), scratch.coordinates.data(), n_edges,
                        scratch.radial.data());
  kernels_.soap->harmonics(harmonics_.recurrence(), scratch.x.data(), scratch.y.data(),
                           scratch.z.data(), round_up(n_edges, edges_in_block),
                           scratch.harmonics.data());
  return {scratch.radial.data(), scratch.harmonics.data()};
}

/// Calls action(species, edges to neighbors of this species, counted from the first edge of the
/// block) for those that there are.
template <class real>
template <class Action>
void SOAPNetEngine<real>::for_each_species(Block block, int center, Action action) const {
  const EdgesOfCenter<real> &own = edges_[center];
  const auto first = static_cast<int>(own.edges - edges_[block.begin].edges);
  for (int begin = 0; begin < own.n;) {
    const std::int32_t species = around_->species[own.nodes[begin]];
    int end = begin + 1;
    while (end < own.n && around_->species[own.nodes[end]] == species) ++end;
    action(species, EdgeSpan{first + begin, first + end});
    begin = end;
  }
}

/// Coefficients of the density around each center, the center included, and their power spectrum.
template <class real>
void SOAPNetEngine<real>::densities(Block block, const EdgeFunctions<real> &functions,
                                    Scratch &scratch) {
  const int rows = shape_.rows();
  real *coefficients = scratch.coefficients.data(), *spectrum = scratch.spectra.data();
  for (int center = block.begin; center < block.end; ++center) {
    std::fill_n(coefficients, shape_.coefficients(), real{});
    std::copy_n(own_coefficients_.data() + around_->species[center] * rows, rows, coefficients);
    for_each_species(block, center, [&](int species, EdgeSpan edges) {
      kernels_.soap->add_density(shape_, functions, edges,
                                 mixing_.data() + species * shape_.n_mixed, coefficients);
    });
    kernels_.soap->spectrum(shape_, coefficients, spectrum);
    coefficients += shape_.coefficients();
    spectrum += network_.in_width();
  }
}

/// Energies, and their gradient by the spectra in place of these.
template <class real>
void SOAPNetEngine<real>::energies(Block block, Scratch &scratch,
                                   const EnergiesAndForces &results) {
  scratch.bonded.clear();
  for (int center = block.begin; center < block.end; ++center)
    scratch.bonded.push_back(edges_[center].n > 0);
  network_.evaluate(around_->species + block.begin, scratch.bonded.data(), block.size(),
                    around_->counted(block.begin, block.end), scratch.spectra.data(),
                    results.energies + block.begin, scratch.network);
}

template <class real>
void SOAPNetEngine<real>::gradients(Block block, const EdgeFunctions<real> &functions,
                                    Scratch &scratch) {
  const real *coefficients = scratch.coefficients.data(), *by_spectrum = scratch.spectra.data();
  for (int center = block.begin; center < block.end; ++center) {
    real *by_coefficients =
        keeps_rows_ ? rows_.data() + static_cast<std::size_t>(center) * shape_.coefficients()
                    : scratch.by_coefficients.data();
    kernels_.soap->spectrum_gradient(shape_, by_spectrum, coefficients, scratch.matrix.data(),
                                     by_coefficients);
    for_each_species(block, center, [&](int species, EdgeSpan edges) {
      edge_gradients(edges, functions, species, by_coefficients, scratch);
    });
    coefficients += shape_.coefficients();
    by_spectrum += network_.in_width();
  }
}

/// From the gradient by the coefficients of an atom's density to that by its edges to neighbors of
/// one species: the first three of scratch.slopes.
template <class real>
void SOAPNetEngine<real>::edge_gradients(EdgeSpan edges, const EdgeFunctions<real> &functions,
                                         int species, const real *by_coefficients,
                                         Scratch &scratch) {
  kernels_.soap->prepare_slopes(shape_, harmonics_.gradient(),
                                mixing_.data() + species * shape_.n_mixed, by_coefficients,
                                scratch.prepared.data());
  kernels_.soap->edge_slopes(shape_, scratch.prepared.data(), functions, edges,
                             scratch.slopes.data());
  const real factor = bins_per_length_ * bins_per_length_;
  for (int e = edges.begin; e < edges.end; ++e) {
    real *slopes = scratch.slopes.data() + 4 * e;
    const real coordinate = scratch.coordinates[e];
    const real along = coordinate > 0 ? slopes[0] * factor / coordinate : real{};
    slopes[0] = along * scratch.x[e] + slopes[1];
    slopes[1] = along * scratch.y[e] + slopes[2];
    slopes[2] = along * scratch.z[e] + slopes[3];
  }
}

/// Takes the gradients of further nodes' energies from those of the edges that centers have to
/// them.
template <class real>
void SOAPNetEngine<real>::further_nodes(Block block, Scratch &scratch) {
  const int first = far_edges_.first(block.begin, 0);
  const int n_edges = far_edges_.first(block.end, 0) - first;
  resize_edges(n_edges, scratch);
  for (int e = 0; e < n_edges; ++e) {
    const real *vector = far_edges_[first + e].vector;
    scratch.x[e] = -vector[0];
    scratch.y[e] = -vector[1];
    scratch.z[e] = -vector[2];
  }
  const EdgeFunctions<real> functions = functions_of_edges(n_edges, scratch);
  for (int node = block.begin; node < block.end; ++node) {
    const std::size_t row = static_cast<std::size_t>(around_->n_centers + node);
    for (int species = 0; species < n_species_; ++species) {
      const EdgeSpan edges = {far_edges_.first(node, species) - first,
                              far_edges_.first(node, species + 1) - first};
      if (edges.begin < edges.end)
        edge_gradients(edges, functions, species, rows_.data() + row * shape_.coefficients(),
                       scratch);
    }
  }
  for (int e = 0; e < n_edges; ++e) {
    real *gradient = far_edges_[first + e].gradient;
    for (int d = 0; d < 3; ++d) gradient[d] -= scratch.slopes[4 * e + d];
  }
}

template <class real>
std::size_t SOAPNetEngine<real>::bytes() const {
  return edges_.bytes() + rows_.bytes() + far_edges_.bytes();
}

template class SOAPNetEngine<float>;
template class SOAPNetEngine<double>;

}  // namespace eippot
