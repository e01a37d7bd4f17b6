#include "common/dense.h"

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
DenseLayer<real>::DenseLayer(const DenseWeights &weights, int n_in, int panel)
    : in_width_(round_up(n_in, panel)),
      out_width_(round_up(static_cast<int>(weights.matrix.size()) / n_in, panel)),
      has_bias_(!weights.bias.empty()),
      panels_(static_cast<std::size_t>(in_width_) * out_width_),
      bias_(out_width_) {
  const auto n_out = static_cast<int>(weights.matrix.size()) / n_in;
  for (int row = 0; row < n_out; ++row) {
    real *column = panels_.data() + row / panel * panel * in_width_ + row % panel;
    for (int k = 0; k < n_in; ++k) {
      column[k * panel] = static_cast<real>(weights.matrix[row * n_in + k]);
    }
    if (has_bias_) bias_[row] = static_cast<real>(weights.bias[row]);
  }
}

template AlignedArray<float> padded(const std::vector<double> &, int, int, double);
template AlignedArray<double> padded(const std::vector<double> &, int, int, double);
template class DenseLayer<float>;
template class DenseLayer<double>;

}  // namespace eippot
