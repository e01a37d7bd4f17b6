/// Spherical harmonics of the directions of edges.

#ifndef EIPPOT_EDGE_HARMONICS_H
#define EIPPOT_EDGE_HARMONICS_H

#include <vector>

#include "tensor_kernels.h"

namespace eippot {

/// Harmonics Y of degrees 0 ... l_max as polynomials of the direction u.
template <class real>
class EdgeHarmonics {
 public:
  /// `coefficients` of the products u_a u_b ... of l components, all 3^l of them for each degree l:
  /// (1 + 3 + 9 + ..., (l_max + 1)^2). Edges of unit directions are longer than `shortest`
  /// [Angstrom].
  EdgeHarmonics(int l_max, const std::vector<double> &coefficients, double shortest);

  /// Numbers of an edge's row: the harmonics, and some more up to a multiple of 4.
  int width() const { return width_; }

  /// Y of each edge: (n, width).
  void evaluate(RangeOf<DirectedEdge<real>> edges, real *rows) const;

  /// Adds to the edges' gradients what follows from derivatives by their coordinates (in column 0)
  /// and by Y: (n, width).
  void add_gradient(RangeOf<DirectedEdge<real>> edges, const real *rows,
                    real coordinates_per_length) const;

 private:
  /// One of the products x^a y^b z^c: another one times a component.
  struct Monomial {
    int factor;
    int component;
  };
  struct Term {
    int harmonic;
    int monomial;
    real coefficient;
  };

  static constexpr int most_monomials = 35;  // of degrees up to largest_degree

  void monomials(const real *direction, real *values) const;

  int width_;
  real shortest_;
  std::vector<Monomial> monomials_;
  std::vector<Term> values_;          // Y = sum of coefficient * monomial
  std::vector<Term> derivatives_[3];  // dY/du_a
};

}  // namespace eippot

#endif
