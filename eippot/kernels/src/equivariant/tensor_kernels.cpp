/// Compiled once per instruction set, whose name is EIPPOT_ISA.

#include "equivariant/tensor_kernels.h"

#include "equivariant/edge_harmonics_kernel.h"
#include "equivariant/gate_kernel.h"
#include "equivariant/tensor_gather.h"
#include "equivariant/tensor_gradient.h"

namespace eippot {
namespace EIPPOT_ISA {

template <class real>
const TensorKernels<real> &tensor_kernels() {
  static constexpr TensorKernels<real> all_of_them = {evaluate_harmonics<real>,
                                                      add_harmonics_gradient<real>,
                                                      gather_products<real>,
                                                      gather_products_gradient<real>,
                                                      gather_species_products<real>,
                                                      gather_species_products_gradient<real>,
                                                      gate<real>,
                                                      gate_gradient<real>};
  return all_of_them;
}

template const TensorKernels<float> &tensor_kernels<float>();
template const TensorKernels<double> &tensor_kernels<double>();

}  // namespace EIPPOT_ISA
}  // namespace eippot
