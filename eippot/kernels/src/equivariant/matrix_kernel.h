/// Product of rows, anywhere in memory, with a matrix, held in registers; compiled once per
/// instruction set.

#ifndef EIPPOT_MATRIX_KERNEL_H
#define EIPPOT_MATRIX_KERNEL_H

#include "common/simd.h"
#include "equivariant/tensor_kernels.h"

namespace eippot {
namespace EIPPOT_ISA {

/// Rows that are computed together: as many as 2 vectors of results of each fit in registers.
constexpr int most_rows = EIPPOT_VECTOR_BYTES == 64 ? 12 : 6;

/// `n` rows times one panel: out[row][0 .. 2 lanes) = in[row] . panel, plus out if `add`.
template <class real, int n>
inline void multiply_rows_by_panel(Rows<const real> in, int inputs, const real *__restrict panel,
                                   Rows<real> out, bool add) {
  constexpr int L = lanes<real>;
  const real *__restrict from = in.data;
  Vector<real> result[n][2] = {};
  for (int k = 0; k < inputs; ++k) {
    const Vector<real> first = load(panel + 2 * L * k), second = load(panel + 2 * L * k + L);
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
inline int multiply_as_many(Rows<const real> in, int inputs, int row, int n_rows, const real *panel,
                            Rows<real> out, bool add) {
  for (; row + n <= n_rows; row += n)
    multiply_rows_by_panel<real, n>(in.from(row), inputs, panel, out.from(row), add);
  return row;
}

template <class real>
void multiply_matrix(const PackedMatrix<real> &matrix, Rows<const real> in, int n_rows,
                     Rows<real> out, bool add) {
  constexpr int columns = 2 * lanes<real>;
  for (int column = 0; column < matrix.outputs; column += columns) {
    const real *panel = matrix.panels + static_cast<long>(column) * matrix.inputs;
    const Rows<real> to = {out.data + column, out.step};
    int row = 0;
    row = multiply_as_many<real, most_rows>(in, matrix.inputs, row, n_rows, panel, to, add);
    row = multiply_as_many<real, 4>(in, matrix.inputs, row, n_rows, panel, to, add);
    multiply_as_many<real, 1>(in, matrix.inputs, row, n_rows, panel, to, add);
  }
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
