/// Spherical harmonics of the directions of edges.

#ifndef EIPPOT_EDGE_HARMONICS_H
#define EIPPOT_EDGE_HARMONICS_H

#include <vector>

#include "equivariant/tensor_kernels.h"

namespace eippot {

/// Harmonics Y of degrees 0 ... l_max as polynomials of the direction u.
template <class real>
class EdgeHarmonics {
 public:
  /// `coefficients` of the products u_a u_b ... of l components, all 3^l of them for each degree l:
  /// (1 + 3 + 9 + ..., (l_max + 1)^2). Edges of unit directions are longer than `shortest`
  /// [Angstrom].
  EdgeHarmonics(int l_max, const std::vector<double> &coefficients, double shortest);

  HarmonicPolynomials<real> polynomials() const;

 private:
  int l_max_;
  real shortest_;
  std::vector<HarmonicMonomial> monomials_;
  std::vector<HarmonicTerm<real>> values_;
  std::vector<HarmonicTerm<real>> derivatives_[3];
};

}  // namespace eippot

#endif
