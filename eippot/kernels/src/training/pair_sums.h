/// The kernels of pairs on several threads. Results do not depend on the number of threads: each
/// channel, or each pair, is the work of one. See PairKernels for what they compute.

#ifndef EIPPOT_PAIR_SUMS_H
#define EIPPOT_PAIR_SUMS_H

#include "training/pair_kernels.h"

namespace eippot {

template <class real>
struct PairSums {
  const PairKernels<real> &kernels;
  const Pairs<real> &pairs;
  const Coupling<real> &coupling;
  int n_threads;

  void add_to_a(const real *coefficients, const real *b, real *a) const;
  void add_to_b(const real *coefficients, const real *a, real *b) const;
  void multiply(const real *coefficients, const real *a, const real *b, real *harmonics) const;
  void add_to_coefficients(const real *a, const real *b, real *gradient) const;

 private:
  template <class Action>
  void for_all_channels(Action action) const;
};

}  // namespace eippot

#endif
