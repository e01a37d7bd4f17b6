/// Power spectrum of a density, and derivatives through it; compiled once per instruction set.

#ifndef EIPPOT_SPECTRUM_KERNEL_H
#define EIPPOT_SPECTRUM_KERNEL_H

#include "soapnet/eight.h"
#include "soapnet/soap_kernels.h"

namespace eippot {
namespace EIPPOT_ISA {

/// One tile: sum over orders of left times right, each 8 rows of the coefficients.
template <class real>
inline void multiply_tile(const real *left, const real *right, int rows, int orders,
                          Eight<real> (&tile)[8]) {
  for (int m = 0; m < orders; ++m, left += rows, right += rows) {
    const auto columns = Eight<real>::at(right);
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) tile[i].add(left[i], columns);
  }
}

/// Row i of a triangle has 8 - i components. What is left of them falls on the rows before, which
/// come later.
template <class real>
inline real *store_triangle(const Eight<real> (&tile)[8], real *to) {
#pragma GCC unroll 8
  for (int i = 7; i >= 0; --i) tile[i].to(to + i * 8 - i * (i - 1) / 2 - i);
  return to + SoapShape::triangle;
}

template <class real>
inline real *store_tile(const Eight<real> (&tile)[8], real *to) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) tile[i].to(to + 8 * i);
  return to + SoapShape::tile;
}

template <class real>
void spectrum(const SoapShape &shape, const real *coefficients, real *spectrum) {
  const int rows = shape.rows();
  for (int l = 0; l < shape.n_degrees; ++l) {
    const real *c = coefficients + l * l * rows;
    for (int left = 0; left < rows; left += 8) {
      for (int right = left; right < rows; right += 8) {
        Eight<real> tile[8] = {};
        multiply_tile<real>(c + left, c + right, rows, 2 * l + 1, tile);
        spectrum =
            left == right ? store_triangle<real>(tile, spectrum) : store_tile<real>(tile, spectrum);
      }
    }
  }
}

/// Components of one degree as a symmetric matrix (rows, rows), those of the diagonal twice.
template <class real>
inline void unfold(int rows, const real *components, real *matrix) {
  for (int left = 0; left < rows; left += 8) {
    for (int i = left; i < left + 8; ++i) {
      for (int j = i; j < left + 8; ++j) {
        const real value = *components++;
        matrix[i * rows + j] = value;
        matrix[j * rows + i] = value;
      }
      matrix[i * rows + i] *= 2;
    }
    for (int right = left + 8; right < rows; right += 8) {
      for (int i = left; i < left + 8; ++i) {
        for (int j = right; j < right + 8; ++j) {
          const real value = *components++;
          matrix[i * rows + j] = value;
          matrix[j * rows + i] = value;
        }
      }
    }
  }
}

/// out (orders, rows) = in (orders, rows) times a symmetric matrix (rows, rows).
template <int orders, class real>
inline void multiply_orders(int rows, const real *in, const real *matrix, real *out) {
  for (int column = 0; column < rows; column += 8) {
    Eight<real> sums[orders] = {};
    for (int row = 0; row < rows; ++row) {
      const auto factors = Eight<real>::at(matrix + row * rows + column);
#pragma GCC unroll 23
      for (int m = 0; m < orders; ++m) sums[m].add(in[m * rows + row], factors);
    }
#pragma GCC unroll 23
    for (int m = 0; m < orders; ++m) sums[m].to(out + m * rows + column);
  }
}

template <class real>
void spectrum_gradient(const SoapShape &shape, const real *by_spectrum, const real *coefficients,
                       real *matrix, real *by_coefficients) {
  const int rows = shape.rows();
  for_each_degree<SoapShape::most_degrees>(shape.n_degrees, [&](auto degree) {
    constexpr int l = degree;
    unfold(rows, by_spectrum + l * shape.pairs(), matrix);
    multiply_orders<2 * l + 1>(rows, coefficients + l * l * rows, matrix,
                               by_coefficients + l * l * rows);
  });
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
