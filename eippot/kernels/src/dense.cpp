#include "dense.h"

namespace eippot {

template <class real>
AlignedArray<real> padded(const std::vector<double> &rows, int channels, int width, double factor) {
  const std::size_t n_rows = rows.size() / channels;
  AlignedArray<real> result(n_rows * width);
  for (std::size_t row = 0; row < n_rows; ++row) {
    for (int c = 0; c < channels; ++c) {
      result[row * width + c] = static_cast<real>(factor * rows[row * channels + c]);
    }
  }
  return result;
}

template <class real>
DenseLayer<real>::DenseLayer(const DenseWeights &weights, int channels, int width, int panel)
    : width_(width),
      has_bias_(!weights.bias.empty()),
      panels_(static_cast<std::size_t>(width) * width),
      bias_(width) {
  for (int row = 0; row < channels; ++row) {
    real *column = panels_.data() + row / panel * panel * width + row % panel;
    for (int k = 0; k < channels; ++k) {
      column[k * panel] = static_cast<real>(weights.matrix[row * channels + k]);
    }
    if (has_bias_) bias_[row] = static_cast<real>(weights.bias[row]);
  }
}

template AlignedArray<float> padded(const std::vector<double> &, int, int, double);
template AlignedArray<double> padded(const std::vector<double> &, int, int, double);
template class DenseLayer<float>;
template class DenseLayer<double>;

}  // namespace eippot
