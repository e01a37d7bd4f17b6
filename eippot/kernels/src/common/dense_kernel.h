/// Product of a few rows, anywhere in memory, with a dense layer, held in registers; compiled once
/// per instruction set.

#ifndef EIPPOT_DENSE_KERNEL_H
#define EIPPOT_DENSE_KERNEL_H

#include "common/simd.h"
#include "common/vector_kernels.h"

namespace eippot {
namespace EIPPOT_ISA {

/// Rows that are computed together: as many as 2 vectors of results of each fit in registers.
constexpr int rows_together = EIPPOT_VECTOR_BYTES == 64 ? 12 : 6;

/// Columns of a layer that are computed together, and their bias or nullptr.
template <class real>
struct Panel {
  const real *matrix;
  const real *bias;
  int inputs;
};

/// `n` rows times one panel: out[row][0 .. 2 lanes) = bias + in[row] . panel, plus out if `add`.
template <class real, int n>
inline void multiply_panel(const Panel<real> &panel, Rows<const real> in, Rows<real> out,
                           bool add) {
  constexpr int L = lanes<real>;
  const real *__restrict from = in.data;
  const real *__restrict matrix = panel.matrix;
  Vector<real> result[n][2];
#pragma GCC unroll 12
  for (int row = 0; row < n; ++row) {
    for (int v = 0; v < 2; ++v)
      result[row][v] = panel.bias ? load(panel.bias + v * L) : Vector<real>{};
  }
  for (int k = 0; k < panel.inputs; ++k) {
    const Vector<real> first = load(matrix + 2 * L * k), second = load(matrix + 2 * L * k + L);
#pragma GCC unroll 12
    for (int row = 0; row < n; ++row) {
      const real factor = from[row * in.step + k];
      result[row][0] += factor * first;
      result[row][1] += factor * second;
    }
  }
#pragma GCC unroll 12
  for (int row = 0; row < n; ++row) {
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) {
      real *to = out.data + row * out.step + v * L;
      store(to, add ? load(to) + result[row][v] : result[row][v]);
    }
  }
}

/// As many rows as fit from `row` on, `n` at a time; returns the next row.
template <class real, int n>
inline int multiply_as_many(const Panel<real> &panel, Rows<const real> in, int row, int n_rows,
                            Rows<real> out, bool add) {
  for (; row + n <= n_rows; row += n)
    multiply_panel<real, n>(panel, in.from(row), out.from(row), add);
  return row;
}

template <class real>
void multiply_rows(const PackedLayer<real> &layer, Rows<const real> in, int n_rows, Rows<real> out,
                   bool add) {
  constexpr int columns = 2 * lanes<real>;
  for (int column = 0; column < layer.out_width; column += columns) {
    const Panel<real> panel = {layer.panels + static_cast<long>(column) * layer.in_width,
                               layer.bias ? layer.bias + column : nullptr, layer.in_width};
    const Rows<real> to = {out.data + column, out.step};
    int row = 0;
    row = multiply_as_many<real, rows_together>(panel, in, row, n_rows, to, add);
    row = multiply_as_many<real, 4>(panel, in, row, n_rows, to, add);
    multiply_as_many<real, 1>(panel, in, row, n_rows, to, add);
  }
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
