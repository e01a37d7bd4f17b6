/// Search in lists of nodes; compiled once per instruction set.

#ifndef EIPPOT_SEARCH_KERNEL_H
#define EIPPOT_SEARCH_KERNEL_H

#include <cstdint>

#include "common/simd.h"
#include "soapnet/soap_kernels.h"

namespace eippot {
namespace EIPPOT_ISA {

/// Without a branch that depends on where it is.
inline int find_node(const std::int32_t *nodes, int n, std::int32_t node) {
  using Integers = VectorOf<float>::bits;
  constexpr int L = lanes<float>;
  static_assert(L <= nodes_read_ahead);
  Integers places;
  for (int k = 0; k < L; ++k) places[k] = k;
  Integers total = {};  // of one more than the places where it is
  for (int k = 0; k < n; k += L, places += L) {
    Integers found;
    __builtin_memcpy(&found, nodes + k, sizeof found);
    total += (found == node) & (places < n) & (places + 1);
  }
  const int place = sum_of<std::int32_t, L, Integers>(total) - 1;
  return place < n ? place : -1;
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
