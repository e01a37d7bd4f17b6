/// The inner loops of SOAPNetEngine, compiled once for each instruction set.
///
/// Numbers that belong to single edges are in rows of edges, or in blocks of `edges_in_block` edges
/// where neighboring edges are neighbors in memory.

#ifndef EIPPOT_SOAP_KERNELS_H
#define EIPPOT_SOAP_KERNELS_H

#include "common/vector_kernels.h"
#include "soapnet/soap_shape.h"

namespace eippot {

constexpr int edges_in_block = 16;

/// Nodes that have to be readable behind a list of them.
constexpr int nodes_read_ahead = 16;

/// Factors of the recurrences of SolidHarmonics: of Y_00, from one Y_mm to the next (L,), and from
/// degrees l - 1 and l - 2 to l (L, L).
template <class real>
struct HarmonicRecurrence {
  int n_degrees;
  real first;
  const real *diagonal;
  const real *along;
  const real *back;
};

/// Two harmonics and their factors.
template <class real>
struct HarmonicPair {
  int harmonic[2];
  real factor[2];
};

/// What the density is made of: functions of single edges.
template <class real>
struct EdgeFunctions {
  const real *radial;     ///< (E, 2, radial width): values, and derivatives by the coordinate
  const real *harmonics;  ///< (E / edges_in_block, harmonics, edges_in_block)
};

struct EdgeSpan {
  int begin;
  int end;
};

template <class real>
struct SoapKernels {
  /// Of vectors x, y, z (n,), n a multiple of edges_in_block; result as in EdgeFunctions.
  void (*harmonics)(const HarmonicRecurrence<real> &recurrence, const real *x, const real *y,
                    const real *z, int n, real *result);

  /// Of distances in units of the table's bins; result as in EdgeFunctions.
  void (*radial)(const Polynomials<real> &table, const real *coordinates, int n, real *result);

  /// coefficients (harmonics, rows) += mixing (A,) times the density of these edges.
  void (*add_density)(const SoapShape &shape, const EdgeFunctions<real> &functions, EdgeSpan edges,
                      const real *mixing, real *coefficients);

  /// Power spectrum (components,), without its prefactors.
  void (*spectrum)(const SoapShape &shape, const real *coefficients, real *spectrum);

  /// From the gradient by the spectrum to that by the coefficients; `matrix` (rows, rows) is for
  /// work.
  void (*spectrum_gradient)(const SoapShape &shape, const real *by_spectrum,
                            const real *coefficients, real *matrix, real *by_coefficients);

  /// What edge_slopes needs of the gradient by the coefficients, for neighbors of one species. For
  /// each group of radial functions: the gradient by the density (harmonics, group), and for the
  /// gradients of the harmonics its coefficients (sum over l > 0 of 2 l - 1, 3, group).
  void (*prepare_slopes)(const SoapShape &shape, const HarmonicPair<real> *gradient,
                         const real *mixing, const real *by_coefficients, real *prepared);

  /// Of the energy by the coordinate through the radial functions, and by the vector through the
  /// harmonics: (E, 4).
  void (*edge_slopes)(const SoapShape &shape, const real *prepared,
                      const EdgeFunctions<real> &functions, EdgeSpan edges, real *slopes);

  /// Place of a node that is once in a list; anything, or -1, if it is not.
  int (*find_node)(const std::int32_t *nodes, int n, std::int32_t node);
};

/// How many numbers are prepared for edge_slopes.
inline int prepared_size(const SoapShape &shape) {
  const int below = (shape.n_degrees - 1) * (shape.n_degrees - 1);
  return (shape.harmonics() + 3 * below) * shape.functions();
}

}  // namespace eippot

#endif
