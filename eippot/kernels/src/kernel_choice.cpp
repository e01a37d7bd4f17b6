/// Which of the instruction sets that vector_kernels.cpp was compiled for this processor has.

#include "vector_kernels.h"

namespace eippot {

#define EIPPOT_DECLARE(isa)       \
  namespace isa {                 \
  template <class real>           \
  const Kernels<real> &kernels(); \
  }
#ifdef EIPPOT_X86
EIPPOT_DECLARE(avx512)
EIPPOT_DECLARE(avx2)
#endif
EIPPOT_DECLARE(generic)

template <class real>
std::vector<const Kernels<real> *> available_kernels() {
  std::vector<const Kernels<real> *> available;
#ifdef EIPPOT_X86
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    available.push_back(&avx512::kernels<real>());
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    available.push_back(&avx2::kernels<real>());
  }
#endif
  available.push_back(&generic::kernels<real>());
  return available;
}

template std::vector<const Kernels<float> *> available_kernels<float>();
template std::vector<const Kernels<double> *> available_kernels<double>();

}  // namespace eippot
