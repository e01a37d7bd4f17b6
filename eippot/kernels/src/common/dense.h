/// Dense layers packed for the kernels: padded with zeros to whole vectors, and cut into panels.

#ifndef EIPPOT_DENSE_H
#define EIPPOT_DENSE_H

#include <vector>

#include "common/aligned_array.h"
#include "common/dense_weights.h"
#include "common/vector_kernels.h"

namespace eippot {

/// Rows of channels times `factor`, and zeros up to `width`: (n, C) -> (n, width).
template <class real>
AlignedArray<real> padded(const std::vector<double> &rows, int channels, int width, double factor);

inline int round_up(int n, int multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

/// Rows are as wide as the layer has inputs and outputs, rounded up to whole panels.
template <class real>
class DenseLayer {
 public:
  DenseLayer(const DenseWeights &weights, int n_in, int panel);

  PackedLayer<real> packed() const {
    return {panels_.data(), has_bias_ ? bias_.data() : nullptr, in_width_, out_width_};
  }

 private:
  int in_width_;
  int out_width_;
  bool has_bias_;
  AlignedArray<real> panels_;  // (out_width / panel, in_width, panel)
  AlignedArray<real> bias_;    // (out_width,)
};

}  // namespace eippot

#endif
