/// Spherical harmonics of the directions of edges, a vector of edges at a time; compiled once per
/// instruction set.

#ifndef EIPPOT_EDGE_HARMONICS_KERNEL_H
#define EIPPOT_EDGE_HARMONICS_KERNEL_H

#include "common/simd.h"
#include "equivariant/tensor_kernels.h"

namespace eippot {
namespace EIPPOT_ISA {

constexpr int most_harmonics = 28;  // of the largest degree, up to a multiple of 4
constexpr int most_monomials = 35;

/// Numbers of edges, edge by edge in each vector.
template <class real, int n>
union Columns {
  Vector<real> of[n];
  real at[n][lanes<real>];
};

template <class real>
inline void evaluate_monomials(const HarmonicPolynomials<real> &polynomials,
                               const Columns<real, 3> &direction, Vector<real> *monomials) {
  monomials[0] = all(real{1});
  for (int k = 1; k < polynomials.n_monomials; ++k) {
    const HarmonicMonomial &monomial = polynomials.monomials[k];
    monomials[k] = monomials[monomial.factor] * direction.of[monomial.component];
  }
}

template <class real>
void evaluate_harmonics(const HarmonicPolynomials<real> &polynomials,
                        RangeOf<DirectedEdge<real>> edges, real *rows) {
  const int width = polynomials.width;
  Vector<real> monomials[most_monomials];
  Columns<real, 3> direction = {};
  for (int first = 0; first < edges.n; first += lanes<real>) {
    const int n = edges.n - first < lanes<real> ? edges.n - first : lanes<real>;
    for (int e = 0; e < n; ++e) {
      for (int a = 0; a < 3; ++a) direction.at[a][e] = edges.edges[first + e].direction[a];
    }
    evaluate_monomials(polynomials, direction, monomials);
    Columns<real, most_harmonics> harmonics;
    for (int k = 0; k < width; ++k) harmonics.of[k] = Vector<real>{};
    for (int k = 0; k < polynomials.n_values; ++k) {
      const HarmonicTerm<real> &term = polynomials.values[k];
      harmonics.of[term.harmonic] += term.coefficient * monomials[term.monomial];
    }
    for (int e = 0; e < n; ++e, rows += width) {
      for (int k = 0; k < width; ++k) rows[k] = harmonics.at[k][e];
    }
  }
}

/// Of Y(u), u = r / |r|; where the edge is shorter than `shortest`, u = r / shortest, and nothing
/// depends on the distance.
template <class real>
void add_harmonics_gradient(const HarmonicPolynomials<real> &polynomials,
                            RangeOf<DirectedEdge<real>> edges, const real *rows,
                            real coordinates_per_length) {
  const int width = polynomials.width;
  const Vector<real> zero = {}, per_length = all(coordinates_per_length);
  const Vector<real> shortest = all(polynomials.shortest * coordinates_per_length);
  Vector<real> monomials[most_monomials];
  Columns<real, 3> direction = {}, gradient;
  Columns<real, 1> coordinate = {{all(real{1})}};
  Columns<real, most_harmonics> by = {};
  for (int first = 0; first < edges.n; first += lanes<real>) {
    const int n = edges.n - first < lanes<real> ? edges.n - first : lanes<real>;
    for (int e = 0; e < n; ++e, rows += width) {
      const DirectedEdge<real> &edge = edges.edges[first + e];
      coordinate.at[0][e] = edge.coordinate;
      for (int a = 0; a < 3; ++a) direction.at[a][e] = edge.direction[a];
      for (int k = 0; k < width; ++k) by.at[k][e] = rows[k];
    }
    evaluate_monomials(polynomials, direction, monomials);
    const Vector<real> inverse = per_length / coordinate.of[0];
    Vector<real> along = by.of[0] * per_length;
    for (int a = 0; a < 3; ++a) {
      Vector<real> total = {};
      for (int k = 0; k < polynomials.n_derivatives[a]; ++k) {
        const HarmonicTerm<real> &term = polynomials.derivatives[a][k];
        total += term.coefficient * by.of[term.harmonic] * monomials[term.monomial];
      }
      gradient.of[a] = total * inverse;
      along -= gradient.of[a] * direction.of[a];
    }
    along = coordinate.of[0] > shortest ? along : zero;
    for (int a = 0; a < 3; ++a) gradient.of[a] += along * direction.of[a];
    for (int e = 0; e < n; ++e) {
      for (int a = 0; a < 3; ++a) edges.edges[first + e].gradient[a] += gradient.at[a][e];
    }
  }
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
