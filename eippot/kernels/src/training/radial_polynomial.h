/// Filters as polynomials of the position in a bin; for files compiled once per instruction set.

#ifndef EIPPOT_RADIAL_POLYNOMIAL_H
#define EIPPOT_RADIAL_POLYNOMIAL_H

#include "common/simd.h"
#include "training/pair_kernels.h"

namespace eippot {
namespace EIPPOT_ISA {

/// V is a vector, or a single number for channels that do not fill one; nothing is aligned.
template <class V, class real>
inline V read(const real *from) {
  V v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}

template <class V, class real>
inline void add_to(real *to, V v) {
  v += read<V>(to);
  __builtin_memcpy(to, &v, sizeof v);
}

/// k (k - 1) ... (k - d + 1): the d-th derivative of t^k is this times t^(k-d).
constexpr int falling(int k, int d) {
  return d == 0 ? 1 : k * falling(k - 1, d - 1);
}

/// The d-th derivative of a polynomial, as a polynomial of degree 5 - d, for N vectors of channels.
template <class real, class V, int N, int d>
struct Polynomial {
  static constexpr int n_terms = n_coefficients - d, width = sizeof(V) / sizeof(real);
  V c[n_terms][N];

  inline Polynomial(const real *coefficients, long stride) {
#pragma GCC unroll 6
    for (int k = 0; k < n_terms; ++k) {
#pragma GCC unroll 2
      for (int v = 0; v < N; ++v) {
        c[k][v] = read<V>(coefficients + (k + d) * stride + v * width) *
                  static_cast<real>(falling(k + d, d));
      }
    }
  }
  inline V at(int v, real t) const {
    V value = c[n_terms - 1][v];
#pragma GCC unroll 5
    for (int k = n_terms - 2; k >= 0; --k) value = value * t + c[k][v];
    return value;
  }
};

template <class real>
inline int bin_of(const Pairs<real> &pairs, long p, int n_bins) {
  const int bin = static_cast<int>(pairs.positions[p]);
  return bin < n_bins ? bin : n_bins - 1;
}

/// Calls action(bin, first pair, last pair) for pairs in a row that share a bin.
template <class real, class Action>
inline void for_each_bin(const Pairs<real> &pairs, int n_bins, Action action) {
  for (long p = 0; p < pairs.n;) {
    const int bin = bin_of(pairs, p, n_bins);
    long end = p + 1;
    while (end < pairs.n && bin_of(pairs, end, n_bins) == bin) ++end;
    action(bin, p, end);
    p = end;
  }
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
