/// Compiled once per instruction set, whose name is EIPPOT_ISA.

#include "pair_kernels.h"

#include <type_traits>

#include "simd.h"

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

template <class real>
inline real factor_of(const Pairs<real> &pairs, long p) {
  return pairs.factors ? pairs.factors[p] : static_cast<real>(1.0);
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

template <class real, class V, int N, int d>
void add_messages_to(const Pairs<real> &pairs, long channels, int n_bins, const real *coefficients,
                     const real *b, real *sums) {
  constexpr int width = sizeof(V) / sizeof(real);
  for_each_bin(pairs, n_bins, [&](int bin, long p, long end) {
    const Polynomial<real, V, N, d> filter(coefficients + bin * n_coefficients * channels,
                                           channels);
    for (; p < end; ++p) {
      const real t = pairs.positions[p] - static_cast<real>(bin), factor = factor_of(pairs, p);
      const long i = pairs.first[p] * channels, j = pairs.second[p] * channels;
#pragma GCC unroll 2
      for (int v = 0; v < N; ++v) {
        const V weight = filter.at(v, t) * factor;
        add_to(sums + i + v * width, weight * read<V>(b + j + v * width));
        add_to(sums + j + v * width, weight * read<V>(b + i + v * width));
      }
    }
  });
}

template <class real, class V, int N, int d>
void add_to_coefficients_of(const Pairs<real> &pairs, long channels, int n_bins, const real *a,
                            const real *b, real *gradient) {
  constexpr int width = sizeof(V) / sizeof(real), n_terms = n_coefficients - d;
  for_each_bin(pairs, n_bins, [&](int bin, long p, long end) {
    V total[n_terms][N] = {};
    for (; p < end; ++p) {
      const real t = pairs.positions[p] - static_cast<real>(bin), factor = factor_of(pairs, p);
      const long i = pairs.first[p] * channels, j = pairs.second[p] * channels;
#pragma GCC unroll 2
      for (int v = 0; v < N; ++v) {
        const int c = v * width;
        V term =
            (read<V>(a + i + c) * read<V>(b + j + c) + read<V>(a + j + c) * read<V>(b + i + c)) *
            factor;
        total[0][v] += term;
#pragma GCC unroll 5
        for (int k = 1; k < n_terms; ++k) {
          term *= t;
          total[k][v] += term;
        }
      }
    }
    real *to = gradient + bin * n_coefficients * channels;
#pragma GCC unroll 6
    for (int k = 0; k < n_terms; ++k) {
#pragma GCC unroll 2
      for (int v = 0; v < N; ++v) {
        add_to(to + (k + d) * channels + v * width,
               total[k][v] * static_cast<real>(falling(k + d, d)));
      }
    }
  });
}

/// Sum over the channels from c on that fill vectors; c moves behind them.
template <class real, class V, int d>
inline V product_of(const real *coefficients, const real *a_i, const real *b_i, const real *a_j,
                    const real *b_j, real t, long channels, int &c) {
  constexpr int width = sizeof(V) / sizeof(real);
  V total = {};
  for (; c + width <= channels; c += width) {
    const Polynomial<real, V, 1, d> filter(coefficients + c, channels);
    total += filter.at(0, t) *
             (read<V>(a_i + c) * read<V>(b_j + c) + read<V>(a_j + c) * read<V>(b_i + c));
  }
  return total;
}

template <class real, int d>
void multiply_of(const Pairs<real> &pairs, const Channels &of, int n_bins, const real *coefficients,
                 const real *a, const real *b, real *products) {
  const long channels = of.all;
  for (long p = 0; p < pairs.n; ++p) {
    const int bin = bin_of(pairs, p, n_bins);
    const real t = pairs.positions[p] - static_cast<real>(bin);
    const long i = pairs.first[p] * channels, j = pairs.second[p] * channels;
    const real *filter = coefficients + bin * n_coefficients * channels;
    int c = 0;
    const Vector<real> total =
        product_of<real, Vector<real>, d>(filter, a + i, b + i, a + j, b + j, t, channels, c);
    const real rest = product_of<real, real, d>(filter, a + i, b + i, a + j, b + j, t, channels, c);
    products[p] = sum<real>(total) + rest;
  }
}

/// Calls action.of<V, N>(c) for all channels: two vectors at a time, then one, then single ones.
template <class real, class Action>
inline void in_vectors(const Channels &channels, Action action) {
  constexpr int L = lanes<real>;
  int c = channels.begin;
  for (; c + 2 * L <= channels.end; c += 2 * L) action.template of<Vector<real>, 2>(c);
  for (; c + L <= channels.end; c += L) action.template of<Vector<real>, 1>(c);
  for (; c < channels.end; ++c) action.template of<real, 1>(c);
}

template <class real, int d>
struct AddMessages {
  const Pairs<real> &pairs;
  long channels;
  int n_bins;
  const real *coefficients, *b;
  real *sums;

  template <class V, int N>
  void of(int c) const {
    add_messages_to<real, V, N, d>(pairs, channels, n_bins, coefficients + c, b + c, sums + c);
  }
};

template <class real, int d>
struct AddToCoefficients {
  const Pairs<real> &pairs;
  long channels;
  int n_bins;
  const real *a, *b;
  real *gradient;

  template <class V, int N>
  void of(int c) const {
    add_to_coefficients_of<real, V, N, d>(pairs, channels, n_bins, a + c, b + c, gradient + c);
  }
};

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

template <class real>
void add_messages(const Pairs<real> &pairs, const Channels &channels, int n_bins,
                  const real *coefficients, const real *b, real *sums) {
  with_derivative(channels.derivative, [&](auto d) {
    in_vectors<real>(channels,
                     AddMessages<real, d>{pairs, channels.all, n_bins, coefficients, b, sums});
  });
}

template <class real>
void multiply(const Pairs<real> &pairs, const Channels &channels, int n_bins,
              const real *coefficients, const real *a, const real *b, real *products) {
  with_derivative(channels.derivative, [&](auto d) {
    multiply_of<real, d>(pairs, channels, n_bins, coefficients, a, b, products);
  });
}

template <class real>
void add_to_coefficients(const Pairs<real> &pairs, const Channels &channels, int n_bins,
                         const real *a, const real *b, real *gradient) {
  with_derivative(channels.derivative, [&](auto d) {
    in_vectors<real>(channels,
                     AddToCoefficients<real, d>{pairs, channels.all, n_bins, a, b, gradient});
  });
}

template <class real>
const PairKernels<real> &pair_kernels() {
  static constexpr PairKernels<real> all_of_them = {lanes<real>, add_messages<real>, multiply<real>,
                                                    add_to_coefficients<real>};
  return all_of_them;
}

template const PairKernels<float> &pair_kernels<float>();
template const PairKernels<double> &pair_kernels<double>();

}  // namespace EIPPOT_ISA
}  // namespace eippot
