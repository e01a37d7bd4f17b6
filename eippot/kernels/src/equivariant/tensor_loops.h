/// What the loops over edges of tensor products share; compiled once per instruction set.

#ifndef EIPPOT_TENSOR_LOOPS_H
#define EIPPOT_TENSOR_LOOPS_H

#include "common/filter_kernel.h"
#include "common/simd.h"
#include "equivariant/tensor_kernels.h"

namespace eippot {
namespace EIPPOT_ISA {

/// Vectors of channels that are computed together.
constexpr int together = 2;

template <class real>
constexpr int chunk = together * lanes<real>;

/// +1 or -1: what a harmonic of degree (D - 1) / 2 becomes when its direction is turned round.
template <int D>
constexpr int parity = (D - 1) / 2 % 2 == 0 ? 1 : -1;

/// Calls action(index of the edge, coefficients of its bin, place in the bin) for all edges, the
/// coefficients loaded once as long as key(edge) stays the same.
template <class real, class Key, class Action>
inline __attribute__((always_inline)) void for_edges(const TensorEdges<real> &edges,
                                                     const Polynomials<real> &weights, Key key,
                                                     Action action) {
  const DirectedEdge<real> *all = edges.range.edges;
  const int n = edges.range.n;
  for (int e = 0; e < n;) {
    const long table_and_bin = key(all[e]);
    const Bin<real, together> bin = bin_at<real, together>(weights, table_and_bin);
    const real start = static_cast<real>(bin_of(all[e], weights));
    do {
      action(e, bin, all[e].coordinate - start);
    } while (++e < n && key(all[e]) == table_and_bin);
  }
}

/// Node of an edge some way ahead, whose rows the processor may fetch.
template <class real>
inline long node_ahead(const TensorEdges<real> &edges, int e) {
  const int ahead = e + edges_ahead;
  return edges.range.edges[ahead < edges.range.n ? ahead : e].node;
}

/// Has the processor fetch `n` components of a row.
template <class real>
inline void fetch_components(const real *row, int n, int step) {
  for (int k = 0; k < n; ++k) fetch<real, together>(row + k * step);
}

/// Both vectors of a component.
template <class real>
struct Pair {
  Vector<real> v[together];
};

template <class real>
inline Pair<real> load_pair(const real *from) {
  return {{load(from), load(from + lanes<real>)}};
}

template <class real>
inline void add_pair(real *to, const Pair<real> &pair) {
  store(to, load(to) + pair.v[0]);
  store(to + lanes<real>, load(to + lanes<real>) + pair.v[1]);
}

template <class real>
inline Pair<real> weights_at(const Bin<real, together> &bin, real t) {
  return {{bin.value(0, t), bin.value(1, t)}};
}

template <class real>
inline Pair<real> slopes_at(const Bin<real, together> &bin, real t) {
  const real t2 = t + t, t3 = 3 * t * t;
  return {{bin.derivative(0, t2, t3), bin.derivative(1, t2, t3)}};
}

template <class real>
inline Vector<real> dot(const Pair<real> &a, const Pair<real> &b) {
  return a.v[0] * b.v[0] + a.v[1] * b.v[1];
}

template <class real>
inline Pair<real> operator*(const Pair<real> &a, const Pair<real> &b) {
  return {{a.v[0] * b.v[0], a.v[1] * b.v[1]}};
}

template <class real>
inline Pair<real> operator*(real a, const Pair<real> &b) {
  return {{a * b.v[0], a * b.v[1]}};
}

template <class real>
inline Pair<real> operator+(const Pair<real> &a, const Pair<real> &b) {
  return {{a.v[0] + b.v[0], a.v[1] + b.v[1]}};
}

template <class real>
inline Pair<real> operator-(const Pair<real> &a, const Pair<real> &b) {
  return {{a.v[0] - b.v[0], a.v[1] - b.v[1]}};
}

/// a + s b, for a sign s.
template <int s, class real>
inline Pair<real> add_signed(const Pair<real> &a, const Pair<real> &b) {
  if constexpr (s > 0) {
    return a + b;
  } else {
    return a - b;
  }
}

/// Four numbers.
template <class real>
struct QuadOf {
  typedef real type __attribute__((vector_size(4 * sizeof(real)), may_alias));
};
template <class real>
using Quad = typename QuadOf<real>::type;

/// Sums of n lanes of V, down to four lanes.
template <class real, int n, class V>
inline Quad<real> folded(V v) {
  if constexpr (n == 4) {
    return v;
  } else {
    typedef real Half __attribute__((vector_size(sizeof(real) * n / 2), may_alias));
    Half part[2];
    __builtin_memcpy(part, &v, sizeof v);
    return folded<real, n / 2, Half>(part[0] + part[1]);
  }
}

/// to[k] += sum of the lanes of the k-th vector.
template <class real>
inline void add_sums_of_four(const Vector<real> *v, real *to) {
  if constexpr (lanes<real> < 4) {
    for (int k = 0; k < 4; ++k) to[k] += sum<real>(v[k]);
  } else {
    const Quad<real> a = folded<real, lanes<real>>(v[0]), b = folded<real, lanes<real>>(v[1]);
    const Quad<real> c = folded<real, lanes<real>>(v[2]), d = folded<real, lanes<real>>(v[3]);
    const Quad<real> ab = Quad<real>{a[0], b[0], a[1], b[1]} + Quad<real>{a[2], b[2], a[3], b[3]};
    const Quad<real> cd = Quad<real>{c[0], d[0], c[1], d[1]} + Quad<real>{c[2], d[2], c[3], d[3]};
    const Quad<real> sums =
        Quad<real>{ab[0], ab[1], cd[0], cd[1]} + Quad<real>{ab[2], ab[3], cd[2], cd[3]};
    Quad<real> total;
    __builtin_memcpy(&total, to, sizeof total);
    total += sums;
    __builtin_memcpy(to, &total, sizeof total);
  }
}

/// The same for n vectors.
template <class real>
inline void add_sums(const Vector<real> *v, int n, real *to) {
  int k = 0;
  for (; k + 4 <= n; k += 4) add_sums_of_four<real>(v + k, to + k);
  for (; k < n; ++k) to[k] += sum<real>(v[k]);
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
