/// Compiled once per instruction set, whose name is EIPPOT_ISA.

#include "common/vector_kernels.h"

#include "common/activation_kernel.h"
#include "common/dense_kernel.h"
#include "common/filter_kernel.h"
#include "common/simd.h"

#define EIPPOT_TEXT_OF(name) #name
#define EIPPOT_TEXT(name) EIPPOT_TEXT_OF(name)

namespace eippot {
namespace EIPPOT_ISA {

template <class real>
const CGCNNKernels<real> &cgcnn_kernels();
template <class real>
const SoapKernels<real> &soap_kernels();

template <class real>
void scale(real *values, const real *factors, int n) {
  for (int i = 0; i < n; i += lanes<real>) store(values + i, load(values + i) * load(factors + i));
}

template <class real>
real dot(const real *a, const real *b, int n) {
  Vector<real> total = {};
  for (int i = 0; i < n; i += lanes<real>) total += load(a + i) * load(b + i);
  return sum<real>(total);
}

template <class real>
const TensorKernels<real> &tensor_kernels();  // compiled in tensor_kernels.cpp

template <class real>
const Kernels<real> &kernels() {
  static const Kernels<real> all_of_them = {EIPPOT_TEXT(EIPPOT_ISA),
                                            2 * lanes<real>,
                                            &tensor_kernels<real>(),
                                            multiply_rows<real>,
                                            activate<real>,
                                            scale<real>,
                                            dot<real>,
                                            gather<real>,
                                            gather_gradient<real>,
                                            gather_species<real>,
                                            gather_species_gradient<real>,
                                            &cgcnn_kernels<real>(),
                                            &soap_kernels<real>()};
  return all_of_them;
}

template const Kernels<float> &kernels<float>();
template const Kernels<double> &kernels<double>();

}  // namespace EIPPOT_ISA
}  // namespace eippot
