/// Sums of tensor products over neighbors; compiled once per instruction set.

#ifndef EIPPOT_TENSOR_GATHER_H
#define EIPPOT_TENSOR_GATHER_H

#include "equivariant/tensor_loops.h"

namespace eippot {
namespace EIPPOT_ISA {

/// Z(m, i) of an edge at [i (2 l3 + 1) + m].
template <class real>
inline void couple(const TensorPath<real> &path, const real *harmonics, real *z) {
  const int size = coupling_size(path.l1, path.l3);
  for (int k = 0; k < size; k += lanes<real>) {
    Vector<real> total = {};
    for (int j = 0; j <= 2 * path.l2; ++j)
      total += harmonics[j] * load(path.couplings + j * size + k);
    store(z + k, total);
  }
}

/// Room for Z of any path.
template <class real>
struct alignas(64) Couplings {
  real z[(2 * largest_degree + 1) * (2 * largest_degree + 1) + 15];
};

/// Products of one edge. l2 = 0: Z is unity, of D components.
template <int D>
struct Unity {
  template <class real>
  static void add(const TensorPath<real> &path, const Pair<real> &weights, const real *,
                  const real *features, real *sums) {
#pragma GCC unroll 9
    for (int k = 0; k < D; ++k) {
      const Pair<real> feature = load_pair(features + k * path.weights.width);
      add_pair(sums + k * path.out_step, weights * feature);
    }
  }
};

/// l1 = 0: products of a scalar with D harmonics.
template <int D>
struct FromScalar {
  template <class real>
  static void add(const TensorPath<real> &path, const Pair<real> &weights, const real *harmonics,
                  const real *features, real *sums) {
    const Pair<real> weighted = weights * load_pair(features);
#pragma GCC unroll 9
    for (int k = 0; k < D; ++k) add_pair(sums + k * path.out_step, harmonics[k] * weighted);
  }
};

/// l3 = 0: a scalar from D harmonics.
template <int D>
struct ToScalar {
  template <class real>
  static void add(const TensorPath<real> &path, const Pair<real> &weights, const real *harmonics,
                  const real *features, real *sums) {
    Pair<real> total = {};
#pragma GCC unroll 9
    for (int k = 0; k < D; ++k)
      total = total + harmonics[k] * load_pair(features + k * path.weights.width);
    add_pair(sums, weights * total);
  }
};

/// Any degrees: of D1 and D3 components, or those of the path if these are zero.
template <int D1, int D3>
struct Tensors {
  template <class real>
  static void add(const TensorPath<real> &path, const Pair<real> &weights, const real *harmonics,
                  const real *features, real *sums) {
    Couplings<real> couplings;
    couple(path, harmonics, couplings.z);
    const int n_in = D1 ? D1 : 2 * path.l1 + 1, n_out = D3 ? D3 : 2 * path.l3 + 1;
#pragma GCC unroll 5
    for (int m = 0; m < n_out; ++m) {
      Pair<real> total = {};
#pragma GCC unroll 5
      for (int i = 0; i < n_in; ++i)
        total = total + couplings.z[i * n_out + m] * load_pair(features + i * path.weights.width);
      add_pair(sums + m * path.out_step, weights * total);
    }
  }
};

// Loops have edges and paths by value: the compiler then knows that nothing changes them.

template <class real, class Shape>
void gather_path(const TensorEdges<real> edges, const TensorPath<real> path, const real *features,
                 real *sums) {
  const auto key = [&](const DirectedEdge<real> &edge) { return bin_of(edge, path.weights); };
  const real *harmonics = edges.harmonics + path.l2 * path.l2;
  const int n_in = 2 * path.l1 + 1, width = path.weights.width;
  for (int c = 0; c < width; c += chunk<real>) {
    const real *from = features + path.in + c;
    real *to = sums + path.out + c;
    for_edges(edges, from_channel(path.weights, c), key,
              [&](int e, const Bin<real, together> &bin, real t) {
                const DirectedEdge<real> &edge = edges.range.edges[e];
                fetch_components(from + node_ahead(edges, e) * path.in_width, n_in, width);
                Shape::add(path, weights_at(bin, t), harmonics + e * edges.n_harmonics,
                           from + offset<real>(edge.node, path.in_width),
                           to + offset<real>(edge.center, path.out_width));
              });
  }
}

template <class real, int D>
void gather_species_path(const TensorEdges<real> edges, const TensorPath<real> path,
                         const std::int32_t *species, real *sums) {
  const auto key = [&](const DirectedEdge<real> &edge) {
    return static_cast<long>(species[edge.node]) * path.weights.n_bins + bin_of(edge, path.weights);
  };
  const real *harmonics = edges.harmonics + path.l2 * path.l2;
  for (int c = 0; c < path.weights.width; c += chunk<real>) {
    for_edges(edges, from_channel(path.weights, c), key,
              [&](int e, const Bin<real, together> &bin, real t) {
                const DirectedEdge<real> &edge = edges.range.edges[e];
                const real *y = harmonics + e * edges.n_harmonics;
                real *to = sums + path.out + c + offset<real>(edge.center, path.out_width);
                const Pair<real> weights = weights_at(bin, t);
#pragma GCC unroll 9
                for (int k = 0; k < D; ++k)
                  add_pair(to + k * path.out_step, D == 1 ? weights : y[k] * weights);
              });
  }
}

/// Calls action(Shape<components of a degree>{}).
template <template <int> class Shape, class Action>
inline void with_components(int degree, Action action) {
  switch (degree) {
    case 0:
      return action(Shape<1>{});
    case 1:
      return action(Shape<3>{});
    case 2:
      return action(Shape<5>{});
    case 3:
      return action(Shape<7>{});
    default:
      return action(Shape<9>{});
  }
}

/// The same for two numbers of components, the smaller ones.
template <template <int, int> class Shape, class real, class Action>
inline void with_tensors(const TensorPath<real> &path, Action action) {
  if (path.l1 == 1 && path.l3 == 1) return action(Shape<3, 3>{});
  if (path.l1 == 1 && path.l3 == 2) return action(Shape<3, 5>{});
  if (path.l1 == 2 && path.l3 == 1) return action(Shape<5, 3>{});
  if (path.l1 == 2 && path.l3 == 2) return action(Shape<5, 5>{});
  action(Shape<0, 0>{});
}

template <class real>
void gather_products(const TensorEdges<real> &edges, const TensorPath<real> &path,
                     const real *features, real *sums) {
  const auto gather = [&](auto shape) {
    gather_path<real, decltype(shape)>(edges, path, features, sums);
  };
  if (path.l2 == 0) {
    with_components<Unity>(path.l1, gather);
  } else if (path.l1 == 0) {
    with_components<FromScalar>(path.l3, gather);
  } else if (path.l3 == 0) {
    with_components<ToScalar>(path.l1, gather);
  } else {
    with_tensors<Tensors>(path, gather);
  }
}

/// A number of components as a type.
template <int D>
struct Components {
  static constexpr int count = D;
};

template <class real>
void gather_species_products(const TensorEdges<real> &edges, const TensorPath<real> &path,
                             const std::int32_t *species, real *sums) {
  with_components<Components>(path.l3, [&](auto components) {
    gather_species_path<real, decltype(components)::count>(edges, path, species, sums);
  });
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
