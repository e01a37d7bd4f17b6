/// Gradients of sums of tensor products over neighbors; compiled once per instruction set.

#ifndef EIPPOT_TENSOR_GRADIENT_H
#define EIPPOT_TENSOR_GRADIENT_H

#include "equivariant/tensor_gather.h"

namespace eippot {
namespace EIPPOT_ISA {

/// Rows of both ends of an edge: x features, g gradient by products.
template <class real>
struct Ends {
  const real *x_here, *x_there;
  const real *g_here, *g_there;
};

/// What an edge gives: the gradient by the features of the center, and by what the edge has.
template <class real>
struct Received {
  real *by_features;
  real *by_coordinate;
  real *by_harmonics;
};

/// Adds sums over lanes of the derivative by the coordinate and of those by D harmonics.
template <class real, int D>
inline void add_to_edge(const Vector<real> (&v)[D + 1], const Received<real> &to) {
  if constexpr (D == 3) {
    add_sums_of_four<real>(v, to.by_coordinate);  // these follow each other
  } else {
    to.by_coordinate[0] += sum<real>(v[0]);
    add_sums<real>(v + 1, D, to.by_harmonics);
  }
}

template <int D>
struct UnityGradient {
  template <class real>
  static void add(const TensorPath<real> &path, const Pair<real> &weights, const Pair<real> &slopes,
                  const real *, const Ends<real> &ends, const Received<real> &to) {
    const int width = path.weights.width;
    Pair<real> product = {};
#pragma GCC unroll 9
    for (int k = 0; k < D; ++k) {
      const Pair<real> g = load_pair(ends.g_there + k * path.out_step);
      product = product +
                load_pair(ends.g_here + k * path.out_step) * load_pair(ends.x_there + k * width) +
                g * load_pair(ends.x_here + k * width);
      add_pair(to.by_features + k * width, weights * g);
    }
    to.by_coordinate[0] += sum<real>(dot(slopes, product));
  }
};

template <int D>
struct FromScalarGradient {
  template <class real>
  static void add(const TensorPath<real> &path, const Pair<real> &weights, const Pair<real> &slopes,
                  const real *harmonics, const Ends<real> &ends, const Received<real> &to) {
    const Pair<real> x_here = load_pair(ends.x_here), x_there = load_pair(ends.x_there);
    Vector<real> v[D + 1];
    Pair<real> product = {}, message = {};
#pragma GCC unroll 9
    for (int k = 0; k < D; ++k) {
      const Pair<real> g = load_pair(ends.g_there + k * path.out_step);
      const Pair<real> both =
          add_signed<parity<D>>(load_pair(ends.g_here + k * path.out_step) * x_there, g * x_here);
      v[k + 1] = dot(weights, both);
      product = product + harmonics[k] * both;
      message = message + harmonics[k] * g;
    }
    v[0] = dot(slopes, product);
    add_to_edge<real, D>(v, to);
    add_pair(to.by_features, static_cast<real>(parity<D>) * weights * message);
  }
};

template <int D>
struct ToScalarGradient {
  template <class real>
  static void add(const TensorPath<real> &path, const Pair<real> &weights, const Pair<real> &slopes,
                  const real *harmonics, const Ends<real> &ends, const Received<real> &to) {
    const int width = path.weights.width;
    const Pair<real> g_here = load_pair(ends.g_here), g_there = load_pair(ends.g_there);
    const Pair<real> message = static_cast<real>(parity<D>) * weights * g_there;
    Vector<real> v[D + 1];
    Pair<real> product = {};
#pragma GCC unroll 9
    for (int k = 0; k < D; ++k) {
      const Pair<real> both = add_signed<parity<D>>(g_here * load_pair(ends.x_there + k * width),
                                                    g_there * load_pair(ends.x_here + k * width));
      v[k + 1] = dot(weights, both);
      product = product + harmonics[k] * both;
      add_pair(to.by_features + k * width, harmonics[k] * message);
    }
    v[0] = dot(slopes, product);
    add_to_edge<real, D>(v, to);
  }
};

template <int D1, int D3>
struct TensorsGradient {
  template <class real>
  static void add(const TensorPath<real> &path, const Pair<real> &weights, const Pair<real> &slopes,
                  const real *harmonics, const Ends<real> &ends, const Received<real> &to) {
    constexpr int most = 2 * largest_degree + 1;
    const int width = path.weights.width;
    const int n_in = D1 ? D1 : 2 * path.l1 + 1, n_out = D3 ? D3 : 2 * path.l3 + 1;
    const real sign = path.l2 % 2 == 0 ? 1 : -1;
    Couplings<real> couplings, by_couplings = {};
    couple(path, harmonics, couplings.z);
    Vector<real> v[most * most];
    Pair<real> product = {};
    for (int i = 0; i < n_in; ++i) {
      const Pair<real> x_here = sign * load_pair(ends.x_here + i * width);
      const Pair<real> x_there = load_pair(ends.x_there + i * width);
      Pair<real> message = {};
#pragma GCC unroll 5
      for (int m = 0; m < n_out; ++m) {
        const Pair<real> g = load_pair(ends.g_there + m * path.out_step);
        const Pair<real> both = load_pair(ends.g_here + m * path.out_step) * x_there + g * x_here;
        const real z = couplings.z[i * n_out + m];
        v[i * n_out + m] = dot(weights, both);
        product = product + z * both;
        message = message + z * g;
      }
      add_pair(to.by_features + i * width, sign * weights * message);
    }
    to.by_coordinate[0] += sum<real>(dot(slopes, product));
    add_sums<real>(v, n_in * n_out, by_couplings.z);
    const int size = coupling_size(path.l1, path.l3);
    for (int j = 0; j <= 2 * path.l2; ++j) {
      Vector<real> total = {};
      for (int k = 0; k < size; k += lanes<real>)
        total += load(path.couplings + j * size + k) * load(by_couplings.z + k);
      to.by_harmonics[j] += sum<real>(total);
    }
  }
};

template <class real, class Shape>
void gather_gradient_path(const TensorEdges<real> edges, const TensorPath<real> path,
                          const real *features, const real *gradient, const real *center_features,
                          const real *center_gradient, real *by_features) {
  const auto key = [&](const DirectedEdge<real> &edge) { return bin_of(edge, path.weights); };
  const int first = path.l2 * path.l2, width = path.weights.width;
  const int n_in = 2 * path.l1 + 1, n_out = 2 * path.l3 + 1;
  for (int c = 0; c < width; c += chunk<real>) {
    const int in = path.in + c, out = path.out + c;
    for_edges(edges, from_channel(path.weights, c), key,
              [&](int e, const Bin<real, together> &bin, real t) {
                const DirectedEdge<real> &edge = edges.range.edges[e];
                const long ahead = node_ahead(edges, e);
                fetch_components(features + in + ahead * path.in_width, n_in, width);
                fetch_components(gradient + out + ahead * path.out_width, n_out, path.out_step);
                const long here_in = in + offset<real>(edge.center, path.in_width);
                const long here_out = out + offset<real>(edge.center, path.out_width);
                real *to_edge = edges.by_harmonics + e * edges.n_harmonics;
                Shape::add(path, weights_at(bin, t), slopes_at(bin, t),
                           edges.harmonics + e * edges.n_harmonics + first,
                           Ends<real>{center_features + here_in,
                                      features + in + offset<real>(edge.node, path.in_width),
                                      center_gradient + here_out,
                                      gradient + out + offset<real>(edge.node, path.out_width)},
                           Received<real>{by_features + here_in, to_edge, to_edge + first});
              });
  }
}

template <class real, int D>
void gather_species_gradient_path(const TensorEdges<real> edges, const TensorPath<real> path,
                                  const std::int32_t *species, const std::int32_t *center_species,
                                  const real *gradient, const real *center_gradient) {
  const int n_bins = path.weights.n_bins, first = path.l2 * path.l2;
  const auto key = [&](const DirectedEdge<real> &edge) {
    return static_cast<long>(species[edge.node]) * n_bins + bin_of(edge, path.weights);
  };
  for (int c = 0; c < path.weights.width; c += chunk<real>) {
    const Polynomials<real> weights = from_channel(path.weights, c);
    const int out = path.out + c;
    for_edges(edges, weights, key, [&](int e, const Bin<real, together> &bin, real t) {
      const DirectedEdge<real> &edge = edges.range.edges[e];
      fetch_components(gradient + out + node_ahead(edges, e) * path.out_width, D, path.out_step);
      const real *here = center_gradient + out + offset<real>(edge.center, path.out_width);
      const real *there = gradient + out + offset<real>(edge.node, path.out_width);
      const real *y = edges.harmonics + e * edges.n_harmonics + first;
      real *to_edge = edges.by_harmonics + e * edges.n_harmonics;
      const Received<real> to = {nullptr, to_edge, to_edge + first};
      const std::int32_t own = center_species[edge.center];
      const Pair<real> w = weights_at(bin, t), slopes = slopes_at(bin, t);
      Vector<real> v[D + 1] = {};
      if (own == species[edge.node]) {
        Pair<real> product = {};
#pragma GCC unroll 9
        for (int k = 0; k < D; ++k) {
          const Pair<real> both = add_signed<parity<D>>(load_pair(here + k * path.out_step),
                                                        load_pair(there + k * path.out_step));
          v[k + 1] = dot(w, both);
          product = product + y[k] * both;
        }
        v[0] = dot(slopes, product);
      } else {
        const long other = bin_of(edge, weights) + static_cast<long>(own) * n_bins;
        const Bin<real, together> back = bin_at<real, together>(weights, other);
        const real sign = parity<D>;
        const Pair<real> w_back = sign * weights_at(back, t), slopes_back = slopes_at(back, t);
        Pair<real> product = {}, product_back = {};
#pragma GCC unroll 9
        for (int k = 0; k < D; ++k) {
          const Pair<real> g = load_pair(here + k * path.out_step);
          const Pair<real> g_there = load_pair(there + k * path.out_step);
          v[k + 1] = dot(w, g) + dot(w_back, g_there);
          product = product + y[k] * g;
          product_back = product_back + sign * y[k] * g_there;
        }
        v[0] = dot(slopes, product) + dot(slopes_back, product_back);
      }
      if constexpr (D == 1) {
        to.by_coordinate[0] += sum<real>(v[0]);
      } else {
        add_to_edge<real, D>(v, to);
      }
    });
  }
}

template <class real>
void gather_products_gradient(const TensorEdges<real> &edges, const TensorPath<real> &path,
                              const real *features, const real *gradient,
                              const real *center_features, const real *center_gradient,
                              real *by_features) {
  const auto gather = [&](auto shape) {
    gather_gradient_path<real, decltype(shape)>(edges, path, features, gradient, center_features,
                                                center_gradient, by_features);
  };
  if (path.l2 == 0) {
    with_components<UnityGradient>(path.l1, gather);
  } else if (path.l1 == 0) {
    with_components<FromScalarGradient>(path.l3, gather);
  } else if (path.l3 == 0) {
    with_components<ToScalarGradient>(path.l1, gather);
  } else {
    with_tensors<TensorsGradient>(path, gather);
  }
}

template <class real>
void gather_species_products_gradient(const TensorEdges<real> &edges, const TensorPath<real> &path,
                                      const std::int32_t *species,
                                      const std::int32_t *center_species, const real *gradient,
                                      const real *center_gradient) {
  with_components<Components>(path.l3, [&](auto components) {
    gather_species_gradient_path<real, decltype(components)::count>(
        edges, path, species, center_species, gradient, center_gradient);
  });
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
