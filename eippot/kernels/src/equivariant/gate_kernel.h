/// The gated nonlinearity: SiLU of scalars, and other features times sigmoids; compiled once per
/// instruction set.

#ifndef EIPPOT_GATE_KERNEL_H
#define EIPPOT_GATE_KERNEL_H

#include "common/activation_kernel.h"
#include "common/simd.h"
#include "equivariant/tensor_kernels.h"

namespace eippot {
namespace EIPPOT_ISA {

template <class real>
inline Vector<real> sigmoid(Vector<real> x) {
  const Vector<real> zero = {}, one = all(static_cast<real>(1.0));
  const Vector<real> u = exponential<real>(x > zero ? -x : x);
  const Vector<real> inverse = one / (one + u);
  return x > zero ? inverse : u * inverse;
}

/// Components of all irreps but the scalars.
inline int other_components(const GatedIrreps &irreps) {
  int total = 0;
  for (int k = 1; k < irreps.count; ++k) total += irreps.dims[k];
  return total;
}

template <class real>
void gate(const GatedIrreps &irreps, const real *updates, int n_rows, real *features) {
  const int width = irreps.width, others = other_components(irreps);
  for (int row = 0; row < n_rows; ++row) {
    for (int c = 0; c < width; c += lanes<real>) {
      const Vector<real> scalar = load(updates + c);
      store(features + c, static_cast<real>(silu_scale) * scalar * sigmoid<real>(scalar));
      const real *from = updates + irreps.count * width + c;
      real *to = features + width + c;
      for (int k = 1; k < irreps.count; ++k) {
        const Vector<real> factor =
            static_cast<real>(sigmoid_scale) * sigmoid<real>(load(updates + k * width + c));
        for (int m = 0; m < irreps.dims[k]; ++m, from += width, to += width)
          store(to, load(from) * factor);
      }
    }
    updates += (irreps.count + others) * width;
    features += (1 + others) * width;
  }
}

template <class real>
void gate_gradient(const GatedIrreps &irreps, const real *by_features, int n_rows, real *updates) {
  const Vector<real> one = all(static_cast<real>(1.0));
  const int width = irreps.width, others = other_components(irreps);
  for (int row = 0; row < n_rows; ++row) {
    for (int c = 0; c < width; c += lanes<real>) {
      const Vector<real> scalar = load(updates + c), s = sigmoid<real>(scalar);
      store(updates + c,
            static_cast<real>(silu_scale) * load(by_features + c) * (s + scalar * s * (one - s)));
      real *feature = updates + irreps.count * width + c;
      const real *by_feature = by_features + width + c;
      for (int k = 1; k < irreps.count; ++k) {
        const Vector<real> open = sigmoid<real>(load(updates + k * width + c));
        const Vector<real> factor = static_cast<real>(sigmoid_scale) * open;
        Vector<real> total = {};
        for (int m = 0; m < irreps.dims[k]; ++m, feature += width, by_feature += width) {
          const Vector<real> by = load(by_feature);
          total += by * load(feature);
          store(feature, by * factor);
        }
        store(updates + k * width + c, total * factor * (one - open));
      }
    }
    updates += (irreps.count + others) * width;
    by_features += (1 + others) * width;
  }
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
