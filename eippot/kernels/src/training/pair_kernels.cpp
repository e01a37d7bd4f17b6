/// Compiled once per instruction set, whose name is EIPPOT_ISA.

#include "training/pair_kernels.h"

#include <type_traits>

#include "common/simd.h"
#include "training/radial_polynomial.h"

namespace eippot {
namespace EIPPOT_ISA {

/// Rows of the two atoms of a pair, from a channel on.
template <class real>
struct Rows {
  const real *a_i, *a_j, *b_i, *b_j;

  Rows(const Pairs<real> &pairs, long p, const Coupling<real> &coupling, const real *a,
       const real *b) {
    const long a_size = static_cast<long>(coupling.a_rows) * coupling.channels;
    const long b_size = static_cast<long>(coupling.b_rows) * coupling.channels;
    a_i = a + pairs.first[p] * a_size, a_j = a + pairs.second[p] * a_size;
    b_i = b + pairs.first[p] * b_size, b_j = b + pairs.second[p] * b_size;
  }
};

/// to_first += weight * from_second and to_second += back * from_first, for N vectors.
template <class V, int N, class real>
inline void exchange(real *to_first, const real *from_second, const V *weight, real *to_second,
                     const real *from_first, const V *back, real factor) {
  constexpr int width = sizeof(V) / sizeof(real);
#pragma GCC unroll 2
  for (int v = 0; v < N; ++v) {
    add_to(to_first + v * width, factor * weight[v] * read<V>(from_second + v * width));
    add_to(to_second + v * width, factor * back[v] * read<V>(from_first + v * width));
  }
}

/// The derivative of T by a, or by b, for N vectors of channels.
template <class real, class V, int N, int d, bool by_a>
void add_messages(const Pairs<real> &pairs, const Coupling<real> &coupling, const Path<real> &path,
                  const real *coefficients, const real *from, real *to) {
  const long channels = coupling.channels, stride = coupling.stride();
  for_each_bin(pairs, coupling.n_bins, [&](int bin, long p, long end) {
    const Polynomial<real, V, N, d> filter(coefficients + bin * n_coefficients * stride, stride);
    for (; p < end; ++p) {
      const real t = pairs.positions[p] - static_cast<real>(bin);
      V weight[N], back[N];
#pragma GCC unroll 2
      for (int v = 0; v < N; ++v) {
        weight[v] = filter.at(v, t);
        back[v] = path.parity * weight[v];
      }
      const real *harmonics = pairs.harmonics + p * coupling.n_harmonics;
      const Rows<real> rows(pairs, p, coupling, by_a ? to : from, by_a ? from : to);
      for (const Term<real> &term : path.terms) {
        const real factor = term.coefficient * harmonics[term.harmonic];
        const long a = term.a * channels, b = term.b * channels;
        if constexpr (by_a) {
          exchange<V, N>(const_cast<real *>(rows.a_i) + a, rows.b_j + b, weight,
                         const_cast<real *>(rows.a_j) + a, rows.b_i + b, back, factor);
        } else {
          exchange<V, N>(const_cast<real *>(rows.b_i) + b, rows.a_j + a, back,
                         const_cast<real *>(rows.b_j) + b, rows.a_i + a, weight, factor);
        }
      }
    }
  });
}

template <class real, class V, int N, int d>
void add_to_coefficients(const Pairs<real> &pairs, const Coupling<real> &coupling,
                         const Path<real> &path, const real *a, const real *b, real *gradient) {
  constexpr int width = sizeof(V) / sizeof(real), n_terms = n_coefficients - d;
  const long channels = coupling.channels, stride = coupling.stride();
  for_each_bin(pairs, coupling.n_bins, [&](int bin, long p, long end) {
    V total[n_terms][N] = {};
    for (; p < end; ++p) {
      const real t = pairs.positions[p] - static_cast<real>(bin);
      const real *harmonics = pairs.harmonics + p * coupling.n_harmonics;
      const Rows<real> rows(pairs, p, coupling, a, b);
      V product[N] = {};
      for (const Term<real> &term : path.terms) {
        const real factor = term.coefficient * harmonics[term.harmonic];
        const real back = path.parity * factor;
#pragma GCC unroll 2
        for (int v = 0; v < N; ++v) {
          const long s = term.a * channels + v * width, u = term.b * channels + v * width;
          product[v] += factor * read<V>(rows.a_i + s) * read<V>(rows.b_j + u) +
                        back * read<V>(rows.a_j + s) * read<V>(rows.b_i + u);
        }
      }
#pragma GCC unroll 2
      for (int v = 0; v < N; ++v) {
        total[0][v] += product[v];
#pragma GCC unroll 5
        for (int k = 1; k < n_terms; ++k) {
          product[v] *= t;
          total[k][v] += product[v];
        }
      }
    }
    real *to = gradient + bin * n_coefficients * stride;
#pragma GCC unroll 6
    for (int k = 0; k < n_terms; ++k) {
#pragma GCC unroll 2
      for (int v = 0; v < N; ++v) {
        add_to(to + (k + d) * stride + v * width,
               total[k][v] * static_cast<real>(falling(k + d, d)));
      }
    }
  });
}

/// Products of a path for the channels from c on that fill vectors; c moves behind them.
template <class real, class V, int d>
inline void add_products(const Coupling<real> &coupling, const Path<real> &path,
                         const real *filters, const Rows<real> &rows, real t, int &c, V *totals) {
  constexpr int width = sizeof(V) / sizeof(real);
  const long channels = coupling.channels;
  for (; c + width <= channels; c += width) {
    const V weight = Polynomial<real, V, 1, d>(filters + c, coupling.stride()).at(0, t);
    for (const Term<real> &term : path.terms) {
      const long s = term.a * channels + c, u = term.b * channels + c;
      totals[term.harmonic] += term.coefficient * weight *
                               (read<V>(rows.a_i + s) * read<V>(rows.b_j + u) +
                                path.parity * read<V>(rows.a_j + s) * read<V>(rows.b_i + u));
    }
  }
}

template <class real, int d>
void multiply(const Pairs<real> &pairs, const Coupling<real> &coupling, const real *coefficients,
              const real *a, const real *b, real *harmonics) {
  constexpr int most = 64;  // harmonics whose sums fit on the stack: degrees up to 7
  const int n_harmonics = coupling.n_harmonics;
  for (long p = 0; p < pairs.n; ++p) {
    const int bin = bin_of(pairs, p, coupling.n_bins);
    const real t = pairs.positions[p] - static_cast<real>(bin);
    const real *filters = coefficients + bin * n_coefficients * coupling.stride();
    const Rows<real> rows(pairs, p, coupling, a, b);
    Vector<real> totals[most];
    real rest[most];
    for (int h = 0; h < n_harmonics; ++h) totals[h] = Vector<real>{}, rest[h] = 0;
    for (const Path<real> &path : coupling.paths) {
      int c = 0;
      add_products<real, Vector<real>, d>(coupling, path, filters, rows, t, c, totals);
      add_products<real, real, d>(coupling, path, filters, rows, t, c, rest);
      filters += coupling.channels;
    }
    for (int h = 0; h < n_harmonics; ++h) {
      harmonics[p * n_harmonics + h] = sum<real>(totals[h]) + rest[h];
    }
  }
}

/// Calls action(V as a type, N as a type, path, its number, c) for all paths and channels: two
/// vectors at a time, then one, then single ones.
template <class real, class Action>
inline void in_vectors(const Coupling<real> &coupling, const Channels &channels, Action action) {
  constexpr int L = lanes<real>;
  using One = std::integral_constant<int, 1>;
  using Two = std::integral_constant<int, 2>;
  for (std::size_t path = 0; path < coupling.paths.size(); ++path) {
    int c = channels.begin;
    const long first = static_cast<long>(path) * coupling.channels;
    const Path<real> &of = coupling.paths[path];
    for (; c + 2 * L <= channels.end; c += 2 * L) action(Vector<real>(), Two(), of, first, c);
    for (; c + L <= channels.end; c += L) action(Vector<real>(), One(), of, first, c);
    for (; c < channels.end; ++c) action(real(), One(), of, first, c);
  }
}

/// Calls action of the derivative's order, as a type.
template <class Action>
inline void with_derivative(int d, Action action) {
  switch (d) {
    case 0:
      return action(std::integral_constant<int, 0>());
    case 1:
      return action(std::integral_constant<int, 1>());
    case 2:
      return action(std::integral_constant<int, 2>());
    default:
      return action(std::integral_constant<int, highest_derivative>());
  }
}

template <class real, bool by_a>
void add_all_messages(const Pairs<real> &pairs, const Coupling<real> &coupling,
                      const Channels &channels, const real *coefficients, const real *from,
                      real *to) {
  with_derivative(coupling.derivative, [&](auto d) {
    in_vectors(coupling, channels,
               [&](auto vector, auto n, const Path<real> &path, long first, int c) {
                 add_messages<real, decltype(vector), n.value, d.value, by_a>(
                     pairs, coupling, path, coefficients + first + c, from + c, to + c);
               });
  });
}

template <class real>
void multiply_all(const Pairs<real> &pairs, const Coupling<real> &coupling,
                  const real *coefficients, const real *a, const real *b, real *harmonics) {
  with_derivative(coupling.derivative, [&](auto d) {
    multiply<real, d.value>(pairs, coupling, coefficients, a, b, harmonics);
  });
}

template <class real>
void add_to_all_coefficients(const Pairs<real> &pairs, const Coupling<real> &coupling,
                             const Channels &channels, const real *a, const real *b,
                             real *gradient) {
  with_derivative(coupling.derivative, [&](auto d) {
    in_vectors(coupling, channels,
               [&](auto vector, auto n, const Path<real> &path, long first, int c) {
                 add_to_coefficients<real, decltype(vector), n.value, d.value>(
                     pairs, coupling, path, a + c, b + c, gradient + first + c);
               });
  });
}

template <class real>
const PairKernels<real> &pair_kernels() {
  static constexpr PairKernels<real> all_of_them = {
      lanes<real>, add_all_messages<real, true>, add_all_messages<real, false>, multiply_all<real>,
      add_to_all_coefficients<real>};
  return all_of_them;
}

template const PairKernels<float> &pair_kernels<float>();
template const PairKernels<double> &pair_kernels<double>();

}  // namespace EIPPOT_ISA
}  // namespace eippot
