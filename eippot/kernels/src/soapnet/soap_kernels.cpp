/// Compiled once per instruction set, whose name is EIPPOT_ISA.

#include "soapnet/soap_kernels.h"

#include "soapnet/density_kernel.h"
#include "soapnet/harmonics_kernel.h"
#include "soapnet/search_kernel.h"
#include "soapnet/spectrum_kernel.h"

namespace eippot {
namespace EIPPOT_ISA {

template <class real>
const SoapKernels<real> &soap_kernels() {
  static constexpr SoapKernels<real> all_of_them = {
      harmonics<real>,         radial<real>,         add_density<real>, spectrum<real>,
      spectrum_gradient<real>, prepare_slopes<real>, edge_slopes<real>, find_node};
  return all_of_them;
}

template const SoapKernels<float> &soap_kernels<float>();
template const SoapKernels<double> &soap_kernels<double>();

}  // namespace EIPPOT_ISA
}  // namespace eippot
