/// Sums over neighbors with filters W(r) from tables, and their derivatives; compiled once per
/// instruction set.
///
/// Edges come ordered by bin. Channels are taken a few vectors at a time, so that the coefficients
/// of a bin stay in registers while its edges pass.

#ifndef EIPPOT_FILTER_KERNEL_H
#define EIPPOT_FILTER_KERNEL_H

#include "common/simd.h"
#include "common/vector_kernels.h"

namespace eippot {
namespace EIPPOT_ISA {

/// Coefficients of one bin for N vectors of channels.
template <class real, int N>
struct Bin {
  Vector<real> c[4][N];

  /// (4, N vectors).
  inline explicit Bin(const real *coefficients) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) {
#pragma GCC unroll 4
      for (int v = 0; v < N; ++v) c[k][v] = load(coefficients + (k * N + v) * lanes<real>);
    }
  }
  inline Vector<real> value(int v, real t) const {
    return c[0][v] + t * (c[1][v] + t * (c[2][v] + t * c[3][v]));
  }
  /// With t2 = 2 t and t3 = 3 t^2.
  inline Vector<real> derivative(int v, real t2, real t3) const {
    return c[1][v] + t2 * c[2][v] + t3 * c[3][v];
  }
};

template <class real, class AnyEdge>
inline int bin_of(const AnyEdge &edge, const Polynomials<real> &filter) {
  const int bin = static_cast<int>(edge.coordinate);
  return bin < filter.n_bins ? bin : filter.n_bins - 1;
}

template <class real, int N>
inline Bin<real, N> bin_at(const Polynomials<real> &filter, long bin) {
  return Bin<real, N>(filter.coefficients + bin * 4 * N * lanes<real>);
}

template <class real>
inline long offset(std::int32_t row, int width) {
  return static_cast<long>(row) * width;
}

/// Edges ahead of which rows of neighbors are asked for.
constexpr int edges_ahead = 8;

/// Has the processor fetch N vectors of a row.
template <class real, int N>
inline void fetch(const real *row) {
#pragma GCC unroll 4
  for (int k = 0; k < N * EIPPOT_VECTOR_BYTES; k += 64) {
    __builtin_prefetch(reinterpret_cast<const char *>(row) + k);
  }
}

template <class real, int N>
void gather_channels(EdgeRange<real> range, Polynomials<real> filter, const real *rows,
                     real *sums) {
  const int width = filter.width;
  const Edge<real> *edge = range.edges, *end = edge + range.n;
  while (edge < end) {
    const int bin = bin_of(*edge, filter);
    const Bin<real, N> coefficients = bin_at<real, N>(filter, bin);
    do {
      const real t = edge->coordinate - static_cast<real>(bin);
      const real *row = rows + offset<real>(edge->node, width);
      real *to = sums + offset<real>(edge->center, width);
      if (end - edge > edges_ahead) {
        fetch<real, N>(rows + offset<real>(edge[edges_ahead].node, width));
      }
#pragma GCC unroll 4
      for (int v = 0; v < N; ++v) {
        const int c = v * lanes<real>;
        store(to + c, load(to + c) + coefficients.value(v, t) * load(row + c));
      }
    } while (++edge < end && bin_of(*edge, filter) == bin);
  }
}

template <class real, int N>
void gather_gradient_channels(EdgeRange<real> range, Polynomials<real> filter, const real *values,
                              const real *gradient, const real *center_values,
                              const real *center_gradient, real *sums) {
  const int width = filter.width;
  Edge<real> *edge = range.edges, *end = edge + range.n;
  while (edge < end) {
    const int bin = bin_of(*edge, filter);
    const Bin<real, N> coefficients = bin_at<real, N>(filter, bin);
    do {
      const real t = edge->coordinate - static_cast<real>(bin);
      const real t2 = t + t, t3 = 3 * t * t;
      const long here = offset<real>(edge->center, width), there = offset<real>(edge->node, width);
      if (end - edge > edges_ahead) {
        const long ahead = offset<real>(edge[edges_ahead].node, width);
        fetch<real, N>(values + ahead);
        fetch<real, N>(gradient + ahead);
      }
      Vector<real> total = {};
#pragma GCC unroll 4
      for (int v = 0; v < N; ++v) {
        const int c = v * lanes<real>;
        const Vector<real> g = load(gradient + there + c);
        const Vector<real> product = load(values + there + c) * load(center_gradient + here + c) +
                                     load(center_values + here + c) * g;
        total += coefficients.derivative(v, t2, t3) * product;
        store(sums + here + c, load(sums + here + c) + coefficients.value(v, t) * g);
      }
      edge->derivative += sum<real>(total);
    } while (++edge < end && bin_of(*edge, filter) == bin);
  }
}

template <class real, int N>
void gather_species_channels(EdgeRange<real> range, Polynomials<real> filters,
                             const std::int32_t *species, real *sums) {
  const int width = filters.width;
  const auto key = [&](const Edge<real> &edge) {
    return static_cast<long>(species[edge.node]) * filters.n_bins + bin_of(edge, filters);
  };
  const Edge<real> *edge = range.edges, *end = edge + range.n;
  while (edge < end) {
    const long bin = key(*edge);
    const Bin<real, N> coefficients = bin_at<real, N>(filters, bin);
    do {
      const real t = edge->coordinate - static_cast<real>(bin_of(*edge, filters));
      real *to = sums + offset<real>(edge->center, width);
#pragma GCC unroll 4
      for (int v = 0; v < N; ++v) {
        const int c = v * lanes<real>;
        store(to + c, load(to + c) + coefficients.value(v, t));
      }
    } while (++edge < end && key(*edge) == bin);
  }
}

template <class real, int N>
void gather_species_gradient_channels(EdgeRange<real> range, Polynomials<real> filters,
                                      const std::int32_t *species,
                                      const std::int32_t *center_species, const real *gradient,
                                      const real *center_gradient) {
  const int width = filters.width;
  Edge<real> *edge = range.edges, *end = edge + range.n;
  while (edge < end) {
    const long local = bin_of(*edge, filters);
    const std::int32_t kind = species[edge->node];
    const Bin<real, N> bin =
        bin_at<real, N>(filters, local + static_cast<long>(kind) * filters.n_bins);
    do {
      const real t = edge->coordinate - static_cast<real>(local);
      const real t2 = t + t, t3 = 3 * t * t;
      const real *here = center_gradient + offset<real>(edge->center, width);
      const real *there = gradient + offset<real>(edge->node, width);
      const std::int32_t own = center_species[edge->center];
      if (end - edge > edges_ahead) {
        fetch<real, N>(gradient + offset<real>(edge[edges_ahead].node, width));
      }
      Vector<real> total = {};
      if (own == kind) {
#pragma GCC unroll 4
        for (int v = 0; v < N; ++v) {
          const int c = v * lanes<real>;
          total += bin.derivative(v, t2, t3) * (load(here + c) + load(there + c));
        }
      } else {
        const long other = local + static_cast<long>(own) * filters.n_bins;
        const Bin<real, N> back = bin_at<real, N>(filters, other);
#pragma GCC unroll 4
        for (int v = 0; v < N; ++v) {
          const int c = v * lanes<real>;
          total += bin.derivative(v, t2, t3) * load(here + c);
          total += back.derivative(v, t2, t3) * load(there + c);
        }
      }
      edge->derivative += sum<real>(total);
    } while (++edge < end && bin_of(*edge, filters) == local && species[edge->node] == kind);
  }
}

/// Calls action(first channel, N as a type), 4 vectors of channels at a time, then the rest by 2.
template <class real, class Four, class Two>
inline void in_chunks(int width, Four four, Two two) {
  constexpr int L = lanes<real>;
  int c = 0;
  for (; c + 4 * L <= width; c += 4 * L) four(c);
  for (; c < width; c += 2 * L) two(c);
}

/// The part of a table whose first channel is c.
template <class real>
inline Polynomials<real> from_channel(Polynomials<real> filter, int c) {
  filter.coefficients += 4L * c * filter.n_bins * filter.n_tables;
  return filter;
}

template <class real>
void gather(EdgeRange<real> edges, Polynomials<real> filter, const real *rows, real *sums) {
  in_chunks<real>(
      filter.width,
      [&](int c) { gather_channels<real, 4>(edges, from_channel(filter, c), rows + c, sums + c); },
      [&](int c) { gather_channels<real, 2>(edges, from_channel(filter, c), rows + c, sums + c); });
}

template <class real>
void gather_gradient(EdgeRange<real> edges, Polynomials<real> filter, const real *values,
                     const real *gradient, const real *center_values, const real *center_gradient,
                     real *sums) {
  in_chunks<real>(
      filter.width,
      [&](int c) {
        gather_gradient_channels<real, 4>(edges, from_channel(filter, c), values + c, gradient + c,
                                          center_values + c, center_gradient + c, sums + c);
      },
      [&](int c) {
        gather_gradient_channels<real, 2>(edges, from_channel(filter, c), values + c, gradient + c,
                                          center_values + c, center_gradient + c, sums + c);
      });
}

template <class real>
void gather_species(EdgeRange<real> edges, Polynomials<real> filters, const std::int32_t *species,
                    real *sums) {
  in_chunks<real>(
      filters.width,
      [&](int c) {
        gather_species_channels<real, 4>(edges, from_channel(filters, c), species, sums + c);
      },
      [&](int c) {
        gather_species_channels<real, 2>(edges, from_channel(filters, c), species, sums + c);
      });
}

template <class real>
void gather_species_gradient(EdgeRange<real> edges, Polynomials<real> filters,
                             const std::int32_t *species, const std::int32_t *center_species,
                             const real *gradient, const real *center_gradient) {
  in_chunks<real>(
      filters.width,
      [&](int c) {
        gather_species_gradient_channels<real, 4>(edges, from_channel(filters, c), species,
                                                  center_species, gradient + c,
                                                  center_gradient + c);
      },
      [&](int c) {
        gather_species_gradient_channels<real, 2>(edges, from_channel(filters, c), species,
                                                  center_species, gradient + c,
                                                  center_gradient + c);
      });
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
