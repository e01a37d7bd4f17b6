/// Vectors of the widest kind that the instruction set has; for files compiled once per set.
///
/// Everything is in a namespace named after the set (EIPPOT_ISA), so that the linker cannot take a
/// function compiled for one set in place of the same function compiled for another.

#ifndef EIPPOT_SIMD_H
#define EIPPOT_SIMD_H

#include <cstdint>

#if defined(__AVX512F__)
#define EIPPOT_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define EIPPOT_VECTOR_BYTES 32
#else
#define EIPPOT_VECTOR_BYTES 16
#endif

namespace eippot {
namespace EIPPOT_ISA {

template <class real>
struct VectorOf;
template <>
struct VectorOf<float> {
  typedef float type __attribute__((vector_size(EIPPOT_VECTOR_BYTES), may_alias));
  typedef std::int32_t bits __attribute__((vector_size(EIPPOT_VECTOR_BYTES), may_alias));
};
template <>
struct VectorOf<double> {
  typedef double type __attribute__((vector_size(EIPPOT_VECTOR_BYTES), may_alias));
  typedef std::int64_t bits __attribute__((vector_size(EIPPOT_VECTOR_BYTES), may_alias));
};

template <class real>
using Vector = typename VectorOf<real>::type;

/// Numbers per vector.
template <class real>
constexpr int lanes = EIPPOT_VECTOR_BYTES / static_cast<int>(sizeof(real));

/// From and to memory aligned to a whole vector.
template <class real>
inline Vector<real> load(const real *from) {
  return *reinterpret_cast<const Vector<real> *>(from);
}

template <class real>
inline void store(real *to, Vector<real> v) {
  *reinterpret_cast<Vector<real> *>(to) = v;
}

template <class real>
inline Vector<real> all(real value) {
  return value - Vector<real>{};
}

/// Sum of the lanes, by halves; `n` lanes of V.
template <class real, int n, class V>
inline real sum_of(V v) {
  if constexpr (n == 2) {
    return v[0] + v[1];
  } else {
    typedef real Half __attribute__((vector_size(sizeof(real) * n / 2), may_alias));
    Half part[2];
    __builtin_memcpy(part, &v, sizeof v);
    return sum_of<real, n / 2, Half>(part[0] + part[1]);
  }
}

template <class real>
inline real sum(Vector<real> v) {
  return sum_of<real, lanes<real>>(v);
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
