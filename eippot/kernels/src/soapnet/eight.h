/// Eight numbers, in as many vectors as the instruction set needs for them; for files compiled once
/// per set.

#ifndef EIPPOT_EIGHT_H
#define EIPPOT_EIGHT_H

#include <type_traits>

#include "common/simd.h"

namespace eippot {
namespace EIPPOT_ISA {

template <class real>
struct Eight {
  static constexpr int bytes =
      EIPPOT_VECTOR_BYTES < 8 * sizeof(real) ? EIPPOT_VECTOR_BYTES : 8 * sizeof(real);
  static constexpr int n_parts = 8 * sizeof(real) / bytes;
  typedef real Part __attribute__((vector_size(bytes)));

  Part parts[n_parts];

  static inline Eight zero() { return {}; }

  /// From memory aligned or not.
  static inline Eight at(const real *from) {
    Eight eight;
    __builtin_memcpy(&eight, from, sizeof eight);
    return eight;
  }

  inline void to(real *where) const { __builtin_memcpy(where, this, sizeof *this); }

  /// += factor * other, where the factor is one number, or another Eight.
  inline void add(real factor, const Eight &other) {
#pragma GCC unroll 4
    for (int k = 0; k < n_parts; ++k) parts[k] += factor * other.parts[k];
  }
  inline void add(const Eight &factor, const Eight &other) {
#pragma GCC unroll 4
    for (int k = 0; k < n_parts; ++k) parts[k] += factor.parts[k] * other.parts[k];
  }

  inline real sum() const {
    Part total = parts[0];
#pragma GCC unroll 4
    for (int k = 1; k < n_parts; ++k) total += parts[k];
    return sum_of<real, 8 / n_parts, Part>(total);
  }
};

/// Calls action(l) for l = 0 ... n - 1 as numbers known to the compiler.
template <int most, int l = 0, class Action>
inline void for_each_degree(int n, const Action &action) {
  if constexpr (l < most) {
    if (l == n) return;
    action(std::integral_constant<int, l>{});
    for_each_degree<most, l + 1>(n, action);
  }
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
