/// Real solid harmonics r^l Y_lm, orthonormal on the sphere, and how their gradients follow.
///
/// They are Y_lm = k_lm R_l^|m|, of which the real part is taken for m >= 0 and the imaginary part
/// for m < 0, with R_l^m = r^l P_l^m(cos theta) e^(i m phi) / (l + m)!, whose recurrences are
/// short:
///   R_m^m = -(x + i y) / 2m  R_(m-1)^(m-1),
///   (l^2 - m^2) R_l^m = (2l - 1) z R_(l-1)^m - r^2 R_(l-2)^m,
///   d/dz R_l^m = R_(l-1)^m,
///   (d/dx +- i d/dy) R_l^m = +- R_(l-1)^(m+-1)
/// (Steinborn, Ruedenberg, Adv. Quantum Chem. 7, 1, 1973). So derivatives of degree l are harmonics
/// of degree l - 1, and a sum over l, m of g_lm grad Y_lm is one of coefficients times Y_(l-1)m.

#ifndef EIPPOT_SOLID_HARMONICS_H
#define EIPPOT_SOLID_HARMONICS_H

#include <vector>

#include "soapnet/soap_kernels.h"

namespace eippot {

template <class real>
class SolidHarmonics {
 public:
  explicit SolidHarmonics(int n_degrees);

  HarmonicRecurrence<real> recurrence() const {
    return {n_degrees_, first_, diagonal_.data(), along_.data(), back_.data()};
  }

  /// For each degree l > 0, harmonic of degree l - 1, and direction x, y, z.
  const HarmonicPair<real> *gradient() const { return gradient_.data(); }

 private:
  int n_degrees_;
  real first_;
  std::vector<real> diagonal_;  // (L,)
  std::vector<real> along_;     // (L, L) [l][m]
  std::vector<real> back_;      // (L, L) [l][m]
  std::vector<HarmonicPair<real>> gradient_;
};

}  // namespace eippot

#endif
