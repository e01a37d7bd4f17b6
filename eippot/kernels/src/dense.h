/// Dense layers packed for the kernels: padded with zeros to whole vectors, and cut into panels.

#ifndef EIPPOT_DENSE_H
#define EIPPOT_DENSE_H

#include <vector>

#include "aligned_array.h"
#include "schnet_weights.h"
#include "vector_kernels.h"

namespace eippot {

/// Rows of channels times `factor`, and zeros up to `width`: (n, C) -> (n, width).
template <class real>
AlignedArray<real> padded(const std::vector<double> &rows, int channels, int width, double factor);

template <class real>
class DenseLayer {
 public:
  DenseLayer(const DenseWeights &weights, int channels, int width, int panel);

  PackedLayer<real> packed() const {
    return {panels_.data(), has_bias_ ? bias_.data() : nullptr, width_};
  }

 private:
  int width_;
  bool has_bias_;
  AlignedArray<real> panels_;  // (width / panel, width, panel)
  AlignedArray<real> bias_;    // (width,)
};

}  // namespace eippot

#endif
