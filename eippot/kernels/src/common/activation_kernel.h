/// The shifted softplus ln(1/2 e^x + 1/2) and its derivative; compiled once per instruction set.

#ifndef EIPPOT_ACTIVATION_KERNEL_H
#define EIPPOT_ACTIVATION_KERNEL_H

#include "common/simd.h"

namespace eippot {
namespace EIPPOT_ISA {

/// Orders of the series below at which they are exact to rounding, and the limits of exponents.
template <class real>
struct Series;
template <>
struct Series<float> {
  static constexpr int exponential = 7, logarithm = 7, mantissa_bits = 23;
  static constexpr float smallest = -87.0f, rounder = 12582912.0f;  // 1.5 * 2^23
};
template <>
struct Series<double> {
  static constexpr int exponential = 13, logarithm = 16, mantissa_bits = 52;
  static constexpr double smallest = -708.0, rounder = 6755399441055744.0;  // 1.5 * 2^52
};

constexpr double ln2 = 0.693147180559945309417;

/// 1 / k!
constexpr double inverse_factorial(int k) {
  return k < 2 ? 1.0 : inverse_factorial(k - 1) / k;
}

/// sum over k = 0 .. order of x^k / k!, unrolled.
template <class real, int order, int k = 0>
inline Vector<real> exponential_series(Vector<real> x) {
  constexpr real coefficient = static_cast<real>(inverse_factorial(k));
  if constexpr (k == order) {
    return all(coefficient);
  } else {
    return exponential_series<real, order, k + 1>(x) * x + coefficient;
  }
}

/// 2 artanh(z) / z = sum over k = 0 .. order of 2 z^2k / (2k + 1), unrolled.
template <class real, int order, int k = 0>
inline Vector<real> artanh_series(Vector<real> square) {
  constexpr real coefficient = static_cast<real>(2.0 / (2 * k + 1));
  if constexpr (k == order) {
    return all(coefficient);
  } else {
    return artanh_series<real, order, k + 1>(square) * square + coefficient;
  }
}

/// e^x for x <= 0: 2^n e^r with |r| <= ln(2)/2, and Taylor's series of e^r.
template <class real>
inline Vector<real> exponential(Vector<real> x) {
  using Bits = typename VectorOf<real>::bits;
  constexpr real high = static_cast<real>(0.693145751953125), low = static_cast<real>(ln2 - high);
  const Vector<real> limit = all(Series<real>::smallest);
  x = x < limit ? limit : x;
  const Vector<real> shifted =
      x * static_cast<real>(1.0 / ln2) + Series<real>::rounder;  // n in the lowest bits
  const Vector<real> n = shifted - Series<real>::rounder;
  const Vector<real> r = (x - n * high) - n * low;
  const Vector<real> series = exponential_series<real, Series<real>::exponential>(r);
  const Bits exponent = reinterpret_cast<Bits>(shifted) << Series<real>::mantissa_bits;
  return reinterpret_cast<Vector<real>>(reinterpret_cast<Bits>(series) + exponent);
}

/// ln(1 + u) for 0 <= u <= 1: 2 artanh(z), z = u / (2 + u) <= 1/3, by its series.
template <class real>
inline Vector<real> log_one_plus(Vector<real> u) {
  const Vector<real> z = u / (u + static_cast<real>(2.0));
  return artanh_series<real, Series<real>::logarithm>(z * z) * z;
}

template <class real>
void activate(real *values, real *slopes, int n) {
  const Vector<real> one = all(static_cast<real>(1.0)), zero = {};
  for (int i = 0; i < n; i += lanes<real>) {
    const Vector<real> x = load(values + i);
    const Vector<real> positive = x > zero ? x : zero;
    const Vector<real> u = exponential<real>(x > zero ? -x : x);
    const Vector<real> sigmoid = one / (one + u);
    store(slopes + i, x > zero ? sigmoid : u * sigmoid);
    store(values + i, positive + (log_one_plus<real>(u) - static_cast<real>(ln2)));
  }
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
