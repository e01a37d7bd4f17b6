/// Which of the instruction sets that the kernels were compiled for this processor has.

#include "common/vector_kernels.h"
#include "training/pair_kernels.h"

namespace eippot {

#define EIPPOT_DECLARE(isa)                \
  namespace isa {                          \
  template <class real>                    \
  const Kernels<real> &kernels();          \
  template <class real>                    \
  const PairKernels<real> &pair_kernels(); \
  }
#ifdef EIPPOT_X86
EIPPOT_DECLARE(avx512)
EIPPOT_DECLARE(avx2)
#endif
EIPPOT_DECLARE(generic)

#ifdef EIPPOT_X86
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

template <class real>
std::vector<const Kernels<real> *> available_kernels() {
  std::vector<const Kernels<real> *> available;
#ifdef EIPPOT_X86
  if (has_avx512()) available.push_back(&avx512::kernels<real>());
  if (has_avx2()) available.push_back(&avx2::kernels<real>());
#endif
  available.push_back(&generic::kernels<real>());
  return available;
}

template <class real>
std::vector<const PairKernels<real> *> available_pair_kernels() {
  std::vector<const PairKernels<real> *> available;
#ifdef EIPPOT_X86
  if (has_avx512()) available.push_back(&avx512::pair_kernels<real>());
  if (has_avx2()) available.push_back(&avx2::pair_kernels<real>());
#endif
  available.push_back(&generic::pair_kernels<real>());
  return available;
}

template std::vector<const Kernels<float> *> available_kernels<float>();
template std::vector<const Kernels<double> *> available_kernels<double>();
template std::vector<const PairKernels<float> *> available_pair_kernels<float>();
template std::vector<const PairKernels<double> *> available_pair_kernels<double>();

}  // namespace eippot
