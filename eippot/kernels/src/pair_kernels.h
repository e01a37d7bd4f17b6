/// Sums over pairs of atoms with filters W(r), for training: compiled once for each instruction set
/// and chosen at run time.
///
/// A pair (i, j) is listed once and counts in both directions. Everything derives from the scalar
///
///   T_d = sum over pairs p and channels c of f_p W_c^(d)(x_p) (a_ic b_jc + a_jc b_ic),
///
/// where W^(d) is the derivative of order d by the position x of the pair. Its derivatives by a, by
/// f and by the coefficients of W are the three kernels; that by x is T_(d+1).

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
  const std::int32_t *first, *second;  ///< (n,) rows of the two atoms
  const real *positions;               ///< (n,) distance / width of a bin
  const real *factors;                 ///< (n,) f, or nullptr for ones

  Pairs part(std::int64_t begin, std::int64_t end) const {
    return {end - begin, first + begin, second + begin, positions + begin,
            factors ? factors + begin : nullptr};
  }
};

/// Which channels a call is about, out of so many, and which derivative of W.
struct Channels {
  int begin, end, all;
  int derivative;
};

/// Coefficients are (n_bins, n_coefficients, channels); features (n_atoms, channels).
template <class real>
struct PairKernels {
  int lanes;  ///< numbers per vector

  /// sums_i += f W b_j and sums_j += f W b_i.
  void (*add_messages)(const Pairs<real> &pairs, const Channels &channels, int n_bins,
                       const real *coefficients, const real *b, real *sums);

  /// products_p = sum over channels of W (a_i b_j + a_j b_i).
  void (*multiply)(const Pairs<real> &pairs, const Channels &channels, int n_bins,
                   const real *coefficients, const real *a, const real *b, real *products);

  /// gradient of each coefficient += its share of T.
  void (*add_to_coefficients)(const Pairs<real> &pairs, const Channels &channels, int n_bins,
                              const real *a, const real *b, real *gradient);
};

/// Those of the instruction sets avx512, avx2 and generic that this processor has, best first.
template <class real>
std::vector<const PairKernels<real> *> available_pair_kernels();

}  // namespace eippot

#endif
