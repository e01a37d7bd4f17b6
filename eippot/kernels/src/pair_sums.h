/// The kernels of pairs on several threads. Results do not depend on the number of threads.

#ifndef EIPPOT_PAIR_SUMS_H
#define EIPPOT_PAIR_SUMS_H

#include "pair_kernels.h"

namespace eippot {

/// Filters W^(derivative) with coefficients (n_bins, n_coefficients, channels).
struct PairFilters {
  int n_bins, channels, derivative;
};

/// See PairKernels; each channel is the work of one thread.
template <class real>
void add_messages(const PairKernels<real> &kernels, const Pairs<real> &pairs,
                  const PairFilters &filters, const real *coefficients, const real *b, real *sums,
                  int n_threads);

/// See PairKernels; each pair is the work of one thread.
template <class real>
void multiply(const PairKernels<real> &kernels, const Pairs<real> &pairs,
              const PairFilters &filters, const real *coefficients, const real *a, const real *b,
              real *products, int n_threads);

/// See PairKernels; each channel is the work of one thread.
template <class real>
void add_to_coefficients(const PairKernels<real> &kernels, const Pairs<real> &pairs,
                         const PairFilters &filters, const real *a, const real *b, real *gradient,
                         int n_threads);

}  // namespace eippot

#endif
