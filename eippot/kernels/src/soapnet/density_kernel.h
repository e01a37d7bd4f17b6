/// The density of neighbors in a basis, and derivatives through it; compiled once per instruction
/// set.

#ifndef EIPPOT_DENSITY_KERNEL_H
#define EIPPOT_DENSITY_KERNEL_H

#include "soapnet/eight.h"
#include "soapnet/soap_kernels.h"

namespace eippot {
namespace EIPPOT_ISA {

/// Harmonics of one edge; one behind the other they are `edges_in_block` numbers apart.
template <class real>
inline const real *harmonics_at(const SoapShape &shape, const EdgeFunctions<real> &functions,
                                int edge) {
  return functions.harmonics +
         static_cast<long>(edge / edges_in_block) * shape.harmonics() * edges_in_block +
         edge % edges_in_block;
}

/// Radial functions of one edge; their derivatives are `radial_width` numbers behind them.
template <class real>
inline const real *radial_at(const SoapShape &shape, const EdgeFunctions<real> &functions,
                             int edge) {
  return functions.radial + 2L * edge * shape.radial_width();
}

template <class real>
void radial(const Polynomials<real> &table, const real *coordinates, int n, real *result) {
  const int width = table.width;
  const auto bin_of = [&](int e) {
    const int bin = static_cast<int>(coordinates[e]);
    return bin < table.n_bins ? bin : table.n_bins - 1;
  };
  constexpr int ahead = 3;
  for (int e = 0; e < n; ++e, result += 2 * width) {
    const int bin = bin_of(e);
    const real *c = table.coefficients + 4L * bin * width;
    if (e + ahead < n) {
      const char *next =
          reinterpret_cast<const char *>(table.coefficients + 4L * bin_of(e + ahead) * width);
      for (std::size_t k = 0; k < 4 * width * sizeof(real); k += 64) __builtin_prefetch(next + k);
    }
    const real t = coordinates[e] - static_cast<real>(bin), t2 = t + t, t3 = 3 * t * t;
    for (int k = 0; k < width; k += 8) {
      const auto c1 = Eight<real>::at(c + width + k), c2 = Eight<real>::at(c + 2 * width + k),
                 c3 = Eight<real>::at(c + 3 * width + k);
      Eight<real> inner = c2, middle = c1, value = Eight<real>::at(c + k), derivative = c1;
      inner.add(t, c3);
      middle.add(t, inner);
      value.add(t, middle);
      derivative.add(t2, c2);
      derivative.add(t3, c3);
      value.to(result + k);
      derivative.to(result + width + k);
    }
  }
}

/// Coefficients of the degrees first ... last.
template <int first, int last, class real>
inline void add_degrees(const SoapShape &shape, const EdgeFunctions<real> &functions,
                        EdgeSpan edges, const real *mixing, real *coefficients) {
  constexpr int begin = first * first, count = (last + 1) * (last + 1) - begin;
  for (int group = 0; group < shape.n_groups; ++group) {
    Eight<real> sums[count] = {};
    for (int e = edges.begin; e < edges.end; ++e) {
      const real *harmonics = harmonics_at(shape, functions, e) + begin * edges_in_block;
      const real *radial = radial_at(shape, functions, e) + 8 * group * shape.n_degrees;
#pragma GCC unroll 4
      for (int l = first; l <= last; ++l) {
        const auto function = Eight<real>::at(radial + 8 * l);
#pragma GCC unroll 23
        for (int k = l * l - begin; k < (l + 1) * (l + 1) - begin; ++k) {
          sums[k].add(harmonics[k * edges_in_block], function);
        }
      }
    }
    for (int a = 0; a < shape.n_mixed; ++a) {
      real *row = coefficients + begin * shape.rows() + a * shape.functions() + 8 * group;
#pragma GCC unroll 23
      for (int k = 0; k < count; ++k) {
        auto sum = Eight<real>::at(row + k * shape.rows());
        sum.add(mixing[a], sums[k]);
        sum.to(row + k * shape.rows());
      }
    }
  }
}

/// The lowest degrees go together, so that there are enough sums to fill the processor's pipeline.
template <class real>
void add_density(const SoapShape &shape, const EdgeFunctions<real> &functions, EdgeSpan edges,
                 const real *mixing, real *coefficients) {
  for_each_degree<SoapShape::most_degrees>(shape.n_degrees, [&](auto degree) {
    constexpr int l = degree;
    if constexpr (l == 2) {
      add_degrees<0, 2>(shape, functions, edges, mixing, coefficients);
    } else if constexpr (l > 2) {
      add_degrees<l, l>(shape, functions, edges, mixing, coefficients);
    } else if (shape.n_degrees < 3) {
      add_degrees<l, l>(shape, functions, edges, mixing, coefficients);
    }
  });
}

template <class real>
void prepare_slopes(const SoapShape &shape, const HarmonicPair<real> *gradient, const real *mixing,
                    const real *by_coefficients, real *prepared) {
  const int harmonics = shape.harmonics(), rows = shape.rows();
  const int n_gradients = 3 * (shape.n_degrees - 1) * (shape.n_degrees - 1);
  for (int n = 0; n < shape.functions(); n += 8) {
    const real *by_density = prepared;
    for (int k = 0; k < harmonics; ++k, prepared += 8) {
      Eight<real> sum = {};
      for (int a = 0; a < shape.n_mixed; ++a) {
        sum.add(mixing[a], Eight<real>::at(by_coefficients + k * rows + a * shape.functions() + n));
      }
      sum.to(prepared);
    }
    for (int k = 0; k < n_gradients; ++k, prepared += 8) {
      const HarmonicPair<real> &pair = gradient[k];
      Eight<real> sum = {};
      sum.add(pair.factor[0], Eight<real>::at(by_density + 8 * pair.harmonic[0]));
      sum.add(pair.factor[1], Eight<real>::at(by_density + 8 * pair.harmonic[1]));
      sum.to(prepared);
    }
  }
}

/// Slopes of one edge before the sum over radial functions: by the coordinate, x, y, z.
template <class real>
using Slopes = Eight<real>[4];

/// What degree l adds to the slopes of `count` edges.
template <int l, int count, class real>
inline void add_slopes(const real *by_density, const real *by_gradient,
                       const real *const (&harmonics)[count], const real *const (&radial)[count],
                       int radial_width, Slopes<real> (&slopes)[count]) {
  constexpr int begin = l * l, below = (l - 1) * (l - 1);
  Slopes<real> sums[count] = {};
  for (int m = 0; m < 2 * l + 1; ++m) {
    const auto d = Eight<real>::at(by_density + 8 * (begin + m));
#pragma GCC unroll 4
    for (int e = 0; e < count; ++e) sums[e][0].add(harmonics[e][(begin + m) * edges_in_block], d);
    if (m >= 2 * l - 1) continue;
#pragma GCC unroll 3
    for (int direction = 0; direction < 3; ++direction) {
      const auto g = Eight<real>::at(by_gradient + 8 * (3 * (below + m) + direction));
#pragma GCC unroll 4
      for (int e = 0; e < count; ++e) {
        sums[e][1 + direction].add(harmonics[e][(below + m) * edges_in_block], g);
      }
    }
  }
#pragma GCC unroll 4
  for (int e = 0; e < count; ++e) {
    const auto value = Eight<real>::at(radial[e] + 8 * l);
    slopes[e][0].add(Eight<real>::at(radial[e] + radial_width + 8 * l), sums[e][0]);
#pragma GCC unroll 3
    for (int direction = 1; direction < 4; ++direction) {
      slopes[e][direction].add(value, sums[e][direction]);
    }
  }
}

/// Of `count` edges together.
template <int count, class real>
inline void slopes_together(const SoapShape &shape, const real *prepared,
                            const EdgeFunctions<real> &functions, int edge, real *result) {
  const real *harmonics[count], *radial[count];
  for (int e = 0; e < count; ++e) {
    harmonics[e] = harmonics_at(shape, functions, edge + e);
    radial[e] = radial_at(shape, functions, edge + e);
  }
  Slopes<real> slopes[count] = {};
  for (int group = 0; group < shape.n_groups; ++group) {
    const real *by_gradient = prepared + 8 * shape.harmonics();
    for_each_degree<SoapShape::most_degrees>(shape.n_degrees, [&](auto degree) {
      constexpr int l = degree;
      add_slopes<l, count>(prepared, by_gradient, harmonics, radial, shape.radial_width(), slopes);
    });
    prepared += prepared_size(shape) / shape.n_groups;
    for (int e = 0; e < count; ++e) radial[e] += 8 * shape.n_degrees;
  }
#pragma GCC unroll 4
  for (int e = 0; e < count; ++e) {
    for (int k = 0; k < 4; ++k) result[4 * (edge + e) + k] = slopes[e][k].sum();
  }
}

template <class real>
void edge_slopes(const SoapShape &shape, const real *prepared, const EdgeFunctions<real> &functions,
                 EdgeSpan edges, real *slopes) {
  int e = edges.begin;
  for (; e + 4 <= edges.end; e += 4) slopes_together<4>(shape, prepared, functions, e, slopes);
  for (; e + 2 <= edges.end; e += 2) slopes_together<2>(shape, prepared, functions, e, slopes);
  for (; e < edges.end; ++e) slopes_together<1>(shape, prepared, functions, e, slopes);
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
