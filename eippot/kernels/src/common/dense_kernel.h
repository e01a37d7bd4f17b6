/// Product of a few rows with a dense layer, held in registers; compiled once per instruction set.

#ifndef EIPPOT_DENSE_KERNEL_H
#define EIPPOT_DENSE_KERNEL_H

#include "common/simd.h"
#include "common/vector_kernels.h"

namespace eippot {
namespace EIPPOT_ISA {

/// Rows that are computed together: as many as 2 vectors of results of each fit in registers.
constexpr int rows_together = EIPPOT_VECTOR_BYTES == 64 ? 12 : 6;

/// `n` rows times one panel: out[row][0 .. 2 lanes) = bias + in[row] . panel.
template <class real, int n>
inline void multiply_panel(const PackedLayer<real> &layer, const real *__restrict in,
                           const real *__restrict panel, const real *bias, real *__restrict out,
                           bool add) {
  constexpr int L = lanes<real>;
  Vector<real> result[n][2];
#pragma GCC unroll 12
  for (int row = 0; row < n; ++row) {
    for (int v = 0; v < 2; ++v) {
      result[row][v] = bias ? load(bias + v * L) : Vector<real>{};
      if (add) result[row][v] += load(out + row * layer.out_width + v * L);
    }
  }
  for (int k = 0; k < layer.in_width; ++k) {
    const Vector<real> first = load(panel + 2 * L * k), second = load(panel + 2 * L * k + L);
#pragma GCC unroll 12
    for (int row = 0; row < n; ++row) {
      const real factor = in[row * layer.in_width + k];
      result[row][0] += factor * first;
      result[row][1] += factor * second;
    }
  }
#pragma GCC unroll 12
  for (int row = 0; row < n; ++row) {
    for (int v = 0; v < 2; ++v) store(out + row * layer.out_width + v * L, result[row][v]);
  }
}

/// As many rows as fit from `row` on, `n` at a time; returns the next row.
template <class real, int n>
inline int multiply_rows(const PackedLayer<real> &layer, const real *in, int row, int n_rows,
                         const real *panel, const real *bias, real *out, bool add) {
  for (; row + n <= n_rows; row += n) {
    multiply_panel<real, n>(layer, in + row * layer.in_width, panel, bias,
                            out + row * layer.out_width, add);
  }
  return row;
}

template <class real>
void multiply(const PackedLayer<real> &layer, const real *in, int n_rows, real *out, bool add) {
  constexpr int columns = 2 * lanes<real>;
  for (int column = 0; column < layer.out_width; column += columns) {
    const real *panel = layer.panels + static_cast<long>(column) * layer.in_width;
    const real *bias = layer.bias ? layer.bias + column : nullptr;
    real *to = out + column;
    int row = 0;
    row = multiply_rows<real, rows_together>(layer, in, row, n_rows, panel, bias, to, add);
    row = multiply_rows<real, 4>(layer, in, row, n_rows, panel, bias, to, add);
    multiply_rows<real, 1>(layer, in, row, n_rows, panel, bias, to, add);
  }
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
