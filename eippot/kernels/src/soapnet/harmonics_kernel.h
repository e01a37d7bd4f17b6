/// Solid harmonics of many vectors at a time; compiled once per instruction set.

#ifndef EIPPOT_HARMONICS_KERNEL_H
#define EIPPOT_HARMONICS_KERNEL_H

#include "common/simd.h"
#include "soapnet/soap_kernels.h"

namespace eippot {
namespace EIPPOT_ISA {

/// Those of one vector of vectors; results are `edges_in_block` numbers apart.
template <class real>
inline void harmonics_of(const HarmonicRecurrence<real> &recurrence, Vector<real> x, Vector<real> y,
                         Vector<real> z, real *result) {
  const int n = recurrence.n_degrees;
  const Vector<real> square = x * x + y * y + z * z;
  Vector<real> real_part = all(recurrence.first), imaginary_part = {};
  for (int m = 0; m < n; ++m) {
    if (m > 0) {
      const real factor = recurrence.diagonal[m];
      const Vector<real> next = factor * (x * real_part - y * imaginary_part);
      imaginary_part = factor * (x * imaginary_part + y * real_part);
      real_part = next;
    }
    Vector<real> here[2] = {real_part, imaginary_part}, before[2] = {};
    for (int l = m; l < n; ++l) {
      if (l > m) {
        const Vector<real> along = recurrence.along[l * n + m] * z;
        const Vector<real> back = recurrence.back[l * n + m] * square;
        for (int part = 0; part < 2; ++part) {
          const Vector<real> next = along * here[part] + back * before[part];
          before[part] = here[part];
          here[part] = next;
        }
      }
      const int middle = l * l + l;
      if (m > 0) store(result + (middle - m) * edges_in_block, here[1]);
      store(result + (middle + m) * edges_in_block, here[0]);
    }
  }
}

template <class real>
void harmonics(const HarmonicRecurrence<real> &recurrence, const real *x, const real *y,
               const real *z, int n, real *result) {
  const int block = recurrence.n_degrees * recurrence.n_degrees * edges_in_block;
  for (int e = 0; e < n; e += lanes<real>) {
    harmonics_of<real>(recurrence, load(x + e), load(y + e), load(z + e),
                       result + e / edges_in_block * block + e % edges_in_block);
  }
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
