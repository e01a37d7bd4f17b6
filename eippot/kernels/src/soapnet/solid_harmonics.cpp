#include "soapnet/solid_harmonics.h"

#include <cmath>

namespace eippot {

namespace {

double factorial(int n) {
  return n < 2 ? 1.0 : n * factorial(n - 1);
}

/// k_lm for m >= 0.
double norm(int l, int m) {
  const double both = m > 0 ? 2.0 : 1.0;
  return std::sqrt(both * (2 * l + 1) / (4.0 * M_PI) * factorial(l - m) * factorial(l + m));
}

/// The derivative of harmonic m of degree l in terms of those of degree l - 1: the factor of m'.
/// That of the real parts C_m and imaginary parts S_m of R_l^m, where C_-m = (-1)^m C_m and
/// S_-m = -(-1)^m S_m, is
///   d/dx C_m = (C_(m+1) - C_(m-1)) / 2,   d/dy C_m = (S_(m+1) + S_(m-1)) / 2,
///   d/dx S_m = (S_(m+1) - S_(m-1)) / 2,   d/dy S_m = -(C_(m+1) + C_(m-1)) / 2.
double derivative(int l, int m, int direction, int other) {
  const int order = std::abs(m), other_order = std::abs(other);
  const double norms = norm(l, order) / norm(l - 1, other_order);
  if (direction == 2) return m == other ? norms : 0.0;
  const bool imaginary = m < 0;
  if ((other < 0) != (direction == 0 ? imaginary : !imaginary)) return 0.0;
  double factor = 0.0;
  if (other_order == order + 1) factor += direction == 1 && imaginary ? -0.5 : 0.5;
  if (other_order == std::abs(order - 1)) {
    const double sign = order == 0 && other > 0 ? -1.0 : 1.0;  // C_-1 = -C_1, S_-1 = S_1
    factor += sign * (direction == 1 && !imaginary ? 0.5 : -0.5);
  }
  return factor * norms;
}

}  // namespace

template <class real>
SolidHarmonics<real>::SolidHarmonics(int n_degrees)
    : n_degrees_(n_degrees),
      first_(static_cast<real>(norm(0, 0))),
      diagonal_(n_degrees),
      along_(n_degrees * n_degrees),
      back_(n_degrees * n_degrees) {
  for (int l = 1; l < n_degrees; ++l) {
    diagonal_[l] = static_cast<real>(-norm(l, l) / norm(l - 1, l - 1) / (2.0 * l));
    for (int m = 0; m < l; ++m) {
      const double scale = norm(l, m) / (l * l - m * m);
      along_[l * n_degrees + m] = static_cast<real>(scale * (2 * l - 1) / norm(l - 1, m));
      if (l - 2 >= m) back_[l * n_degrees + m] = static_cast<real>(-scale / norm(l - 2, m));
    }
    for (int other = 1 - l; other < l; ++other) {
      for (int direction = 0; direction < 3; ++direction) {
        HarmonicPair<real> pair = {};
        int n = 0;
        for (int m = -l; m <= l; ++m) {
          const double factor = derivative(l, m, direction, other);
          if (factor == 0.0) continue;
          pair.harmonic[n] = l * l + l + m;
          pair.factor[n++] = static_cast<real>(factor);
        }
        gradient_.push_back(pair);
      }
    }
  }
}

template class SolidHarmonics<float>;
template class SolidHarmonics<double>;

}  // namespace eippot
