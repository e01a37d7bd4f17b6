/// Matrices packed for the kernels: padded with zeros to whole vectors, and cut into panels.

#ifndef EIPPOT_PACKED_MATRIX_H
#define EIPPOT_PACKED_MATRIX_H

#include <vector>

#include "common/aligned_array.h"
#include "common/vector_kernels.h"

namespace eippot {

/// Of inputs and outputs that are groups of C channels, each padded to `width`.
template <class real>
class ChannelMatrix {
 public:
  /// `matrix` (outputs C, inputs C) row-major, times `factor`.
  ChannelMatrix(const std::vector<double> &matrix, int inputs, int channels, int width, int panel,
                double factor = 1.0)
      : ChannelMatrix(matrix, inputs, channels, width, panel, factor, false) {}

  /// The transposed matrix, from outputs to inputs.
  static ChannelMatrix back(const std::vector<double> &matrix, int inputs, int channels, int width,
                            int panel, double factor = 1.0) {
    return {matrix, inputs, channels, width, panel, factor, true};
  }

  PackedLayer<real> packed() const { return {panels_.data(), nullptr, inputs_, outputs_}; }

 private:
  ChannelMatrix(const std::vector<double> &matrix, int inputs, int channels, int width, int panel,
                double factor, bool transposed) {
    const int columns = inputs * channels, rows = static_cast<int>(matrix.size()) / columns;
    const int outputs = rows / channels;
    inputs_ = (transposed ? outputs : inputs) * width;
    outputs_ = (transposed ? inputs : outputs) * width;
    panels_.resize(static_cast<std::size_t>(inputs_) * outputs_);
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < columns; ++column) {
        const int one = row / channels * width + row % channels;
        const int other = column / channels * width + column % channels;
        const int in = transposed ? one : other, out = transposed ? other : one;
        panels_[static_cast<std::size_t>(out / panel * inputs_ + in) * panel + out % panel] =
            static_cast<real>(factor * matrix[static_cast<std::size_t>(row) * columns + column]);
      }
    }
  }

  int inputs_, outputs_;
  AlignedArray<real> panels_;
};

}  // namespace eippot

#endif
