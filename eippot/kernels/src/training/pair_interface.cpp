#include "training/pair_interface.h"

#include <cmath>

#include "training/half_pairs.h"
#include "training/pair_sums.h"

namespace {

using namespace eippot;

template <class real>
Coupling<real> coupling_of(const EippotPairs &from) {
  Coupling<real> coupling;
  coupling.paths.resize(from.n_paths);
  for (int t = 0; t < from.n_terms; ++t) {
    const std::int32_t *term = from.terms + 4 * t;
    Path<real> &path = coupling.paths[term[0]];
    const int degree = static_cast<int>(std::sqrt(term[3] + 0.5));
    path.parity = static_cast<real>(degree % 2 == 0 ? 1.0 : -1.0);
    path.terms.push_back({term[1], term[2], term[3], static_cast<real>(from.coefficients[t])});
  }
  coupling.n_bins = from.n_bins;
  coupling.channels = from.channels;
  coupling.a_rows = from.a_rows;
  coupling.b_rows = from.b_rows;
  coupling.n_harmonics = from.n_harmonics;
  coupling.derivative = from.derivative;
  return coupling;
}

/// Calls action of a number in the precision that is asked for.
template <class Action>
void in_precision(int bytes_per_number, Action action) {
  if (bytes_per_number == 4) {
    action(float());
  } else {
    action(double());
  }
}

/// Calls action(sums, a number in its precision).
template <class Action>
void with_sums(const EippotPairs &from, Action action) {
  in_precision(from.bytes_per_number, [&](auto number) {
    using real = decltype(number);
    const Pairs<real> pairs = {from.n_pairs, from.first, from.second,
                               static_cast<const real *>(from.positions),
                               static_cast<const real *>(from.harmonics)};
    const Coupling<real> coupling = coupling_of<real>(from);
    const auto *kernels = available_pair_kernels<real>()[from.instruction_set];
    action(PairSums<real>{*kernels, pairs, coupling, from.n_threads}, number);
  });
}

}  // namespace

std::int32_t eippot_instruction_sets() {
  return static_cast<std::int32_t>(available_pair_kernels<float>().size());
}

void eippot_add_to_a(const EippotPairs *pairs, const void *filters, const void *b, void *a) {
  with_sums(*pairs, [&](const auto &sums, auto number) {
    using real = decltype(number);
    sums.add_to_a(static_cast<const real *>(filters), static_cast<const real *>(b),
                  static_cast<real *>(a));
  });
}

void eippot_add_to_b(const EippotPairs *pairs, const void *filters, const void *a, void *b) {
  with_sums(*pairs, [&](const auto &sums, auto number) {
    using real = decltype(number);
    sums.add_to_b(static_cast<const real *>(filters), static_cast<const real *>(a),
                  static_cast<real *>(b));
  });
}

void eippot_multiply(const EippotPairs *pairs, const void *filters, const void *a, const void *b,
                     void *harmonics) {
  with_sums(*pairs, [&](const auto &sums, auto number) {
    using real = decltype(number);
    sums.multiply(static_cast<const real *>(filters), static_cast<const real *>(a),
                  static_cast<const real *>(b), static_cast<real *>(harmonics));
  });
}

void eippot_add_to_coefficients(const EippotPairs *pairs, const void *a, const void *b,
                                void *gradient) {
  with_sums(*pairs, [&](const auto &sums, auto number) {
    using real = decltype(number);
    sums.add_to_coefficients(static_cast<const real *>(a), static_cast<const real *>(b),
                             static_cast<real *>(gradient));
  });
}

std::int64_t eippot_half_pairs(std::int64_t n_edges, const std::int64_t *centers,
                               const std::int64_t *neighbors, const void *vectors,
                               std::int64_t n_atoms, double cutoff, std::int32_t n_bins,
                               std::int32_t bytes_per_number, std::int64_t *order) {
  std::int64_t n_pairs = 0;
  in_precision(bytes_per_number, [&](auto number) {
    using real = decltype(number);
    const EdgeList<real> edges = {n_edges, centers, neighbors, static_cast<const real *>(vectors),
                                  n_atoms};
    n_pairs = half_pairs(edges, cutoff, n_bins, order);
  });
  return n_pairs;
}
