/// Compiled once per instruction set, whose name is EIPPOT_ISA.

#include "cgcnn/cgcnn_kernels.h"

#include "cgcnn/message_kernel.h"

namespace eippot {
namespace EIPPOT_ISA {

template <class real>
const CGCNNKernels<real> &cgcnn_kernels() {
  static constexpr CGCNNKernels<real> all_of_them = {gather_messages<real>,
                                                     gather_message_gradient<real>};
  return all_of_them;
}

template const CGCNNKernels<float> &cgcnn_kernels<float>();
template const CGCNNKernels<double> &cgcnn_kernels<double>();

}  // namespace EIPPOT_ISA
}  // namespace eippot
