/// Sums over pairs of atoms with filters W(r), for training: compiled once for each instruction set
/// and chosen at run time.
///
/// A pair (i, j) is listed once and counts in both directions. Everything derives from the scalar
///
///   T_d = sum over pairs p, terms t and channels c of
///         k_t Y_p,h(t) W_path(t),c^(d)(x_p) (a_i,s(t),c b_j,u(t),c + (-1)^l(t) a_j,s(t),c
///         b_i,u(t),c),
///
/// where W^(d) is the derivative of order d by the position x of the pair, and Y_h are spherical
/// harmonics, of degree l, of the direction from i to j. Its derivatives by a, b, by Y and by the
/// coefficients of W are the three kernels; that by x is T_(d+1). With one term of degree 0 this is
/// a sum with a filter per channel, in which Y is a factor of each pair.

#ifndef EIPPOT_PAIR_KERNELS_H
#define EIPPOT_PAIR_KERNELS_H

#include <cstdint>
#include <vector>

namespace eippot {

/// Coefficients of a polynomial of degree 5.
constexpr int n_coefficients = 6;

/// Derivatives of filters up to this order can be had.
constexpr int highest_derivative = 3;

template <class real>
struct Pairs {
  std::int64_t n;
  const std::int32_t *first, *second;  ///< (n,) the two atoms
  const real *positions;               ///< (n,) distance / width of a bin
  const real *harmonics;               ///< (n, n_harmonics) Y

  Pairs part(std::int64_t begin, std::int64_t end, int n_harmonics) const {
    return {end - begin, first + begin, second + begin, positions + begin,
            harmonics ? harmonics + begin * n_harmonics : nullptr};
  }
};

/// k_t of one path: a row of a, a row of b and a harmonic.
template <class real>
struct Term {
  std::int32_t a, b, harmonic;
  real coefficient;
};

/// The terms of one path, which have the same degree of harmonics.
template <class real>
struct Path {
  std::vector<Term<real>> terms;
  real parity;  ///< (-1)^l
};

/// Filters W^(derivative) of all paths, and what they couple. Coefficients are (n_bins,
/// n_coefficients, paths, channels), a and b (n_atoms, rows, channels).
template <class real>
struct Coupling {
  std::vector<Path<real>> paths;
  int n_bins, channels, a_rows, b_rows, n_harmonics, derivative;

  long stride() const { return static_cast<long>(paths.size()) * channels; }
};

struct Channels {
  int begin, end;
};

template <class real>
struct PairKernels {
  int lanes;  ///< numbers per vector

  /// a += the derivative of T by a.
  void (*add_to_a)(const Pairs<real> &pairs, const Coupling<real> &coupling,
                   const Channels &channels, const real *coefficients, const real *b, real *a);

  /// b += the derivative of T by b.
  void (*add_to_b)(const Pairs<real> &pairs, const Coupling<real> &coupling,
                   const Channels &channels, const real *coefficients, const real *a, real *b);

  /// harmonics (n, n_harmonics) = the derivative of T by Y.
  void (*multiply)(const Pairs<real> &pairs, const Coupling<real> &coupling,
                   const real *coefficients, const real *a, const real *b, real *harmonics);

  /// gradient += the derivative of T by the coefficients.
  void (*add_to_coefficients)(const Pairs<real> &pairs, const Coupling<real> &coupling,
                              const Channels &channels, const real *a, const real *b,
                              real *gradient);
};

/// Those of the instruction sets avx512, avx2 and generic that this processor has, best first.
template <class real>
std::vector<const PairKernels<real> *> available_pair_kernels();

}  // namespace eippot

#endif
