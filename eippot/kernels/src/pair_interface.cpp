#include "pair_interface.h"

#include "half_pairs.h"
#include "pair_sums.h"

namespace {

using namespace eippot;

template <class real>
const PairKernels<real> &kernels_for(const EippotPairs &pairs) {
  return *available_pair_kernels<real>()[pairs.instruction_set];
}

template <class real>
Pairs<real> pairs_of(const EippotPairs &from) {
  return {from.n_pairs, from.first, from.second, static_cast<const real *>(from.positions),
          static_cast<const real *>(from.factors)};
}

PairFilters filters_of(const EippotPairs &from) {
  return {from.n_bins, from.channels, from.derivative};
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

}  // namespace

std::int32_t eippot_instruction_sets() {
  return static_cast<std::int32_t>(available_pair_kernels<float>().size());
}

void eippot_add_messages(const EippotPairs *pairs, const void *coefficients, const void *b,
                         void *sums) {
  in_precision(pairs->bytes_per_number, [&](auto number) {
    using real = decltype(number);
    add_messages(kernels_for<real>(*pairs), pairs_of<real>(*pairs), filters_of(*pairs),
                 static_cast<const real *>(coefficients), static_cast<const real *>(b),
                 static_cast<real *>(sums), pairs->n_threads);
  });
}

void eippot_multiply(const EippotPairs *pairs, const void *coefficients, const void *a,
                     const void *b, void *products) {
  in_precision(pairs->bytes_per_number, [&](auto number) {
    using real = decltype(number);
    multiply(kernels_for<real>(*pairs), pairs_of<real>(*pairs), filters_of(*pairs),
             static_cast<const real *>(coefficients), static_cast<const real *>(a),
             static_cast<const real *>(b), static_cast<real *>(products), pairs->n_threads);
  });
}

void eippot_add_to_coefficients(const EippotPairs *pairs, const void *a, const void *b,
                                void *gradient) {
  in_precision(pairs->bytes_per_number, [&](auto number) {
    using real = decltype(number);
    add_to_coefficients(kernels_for<real>(*pairs), pairs_of<real>(*pairs), filters_of(*pairs),
                        static_cast<const real *>(a), static_cast<const real *>(b),
                        static_cast<real *>(gradient), pairs->n_threads);
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
