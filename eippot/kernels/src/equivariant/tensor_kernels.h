/// Inner loops of tensor products, compiled once for each instruction set; see vector_kernels.h.
///
/// Features are rows of components, `width` channels each. A path multiplies features of degree l1
/// with harmonics of the direction, of degree l2, and its products have degree l3:
///   product m = w(r) * sum over i of Z(m, i) * feature i, Z(m, i) = sum over j of c(i, j, m) Y_j,
/// where w(r) is the path's weight of each channel, and Z is the same for all channels.

#ifndef EIPPOT_TENSOR_KERNELS_H
#define EIPPOT_TENSOR_KERNELS_H

#include <cstdint>

#include "common/vector_kernels.h"

namespace eippot {

/// Degrees of features and harmonics that the kernels have room for.
constexpr int largest_degree = 4;

/// With these, SiLU and sigmoid of normal numbers have a mean square of one.
constexpr double silu_scale = 1.6765325, sigmoid_scale = 1.8462285;

/// A directed edge of a block of centers, with its direction.
template <class real>
struct DirectedEdge {
  std::int32_t node;    ///< the neighbor's node
  std::int32_t center;  ///< counted from the first center of the block
  real coordinate;      ///< distance / spacing of the table's knots; its integer part is the bin
  real direction[3];    ///< unit vector to the neighbor, shorter if atoms are very close
  real gradient[3];     ///< of the energy by the edge's vector, both directions of the pair [eV/A]

  static DirectedEdge from(std::int32_t node, std::int32_t center, std::int32_t /*index*/,
                           const double *vector, real distance, real coordinate) {
    const real inverse = real{1} / distance;
    return {node,
            center,
            coordinate,
            {static_cast<real>(vector[0]) * inverse, static_cast<real>(vector[1]) * inverse,
             static_cast<real>(vector[2]) * inverse},
            {}};
  }
};

/// Edges of a block, ordered by bin, and rows of `n_harmonics` numbers for each: the harmonics, and
/// derivatives of the energy by them. The first harmonic is a constant; in its place is the
/// derivative by the coordinate.
template <class real>
struct TensorEdges {
  RangeOf<DirectedEdge<real>> range;
  const real *harmonics;
  real *by_harmonics;
  int n_harmonics;
};

/// A path, and where its features and products are in their rows.
template <class real>
struct TensorPath {
  int l1, l2, l3;
  Polynomials<real> weights;  ///< w(r); in the first interaction one table per species
  int in, in_width;           ///< column of the first feature; width of the rows
  int out, out_step;          ///< column of the first product, and columns from one to the next
  int out_width;              ///< width of the rows of products
  const real *couplings;      ///< (2 l2 + 1, coupling_size) c(i, j, m) at i (2 l3 + 1) + m; none if
                              ///< a degree is zero: then Z is Y (l1 or l3) or unity (l2)
};

/// Numbers in Z, and zeros up to whole vectors of any width.
inline int coupling_size(int l1, int l3) {
  return ((2 * l1 + 1) * (2 * l3 + 1) + 15) / 16 * 16;
}

/// Irreps of features, each with a gate but for the first one, which are scalars.
struct GatedIrreps {
  int count;
  const int *dims;  ///< (count,) components of each
  int width;        ///< channels of a component
};

/// One of the products x^a y^b z^c of a direction's components: another one, before it, times a
/// component. The first one is 1.
struct HarmonicMonomial {
  int factor;
  int component;
};

/// A monomial in a harmonic.
template <class real>
struct HarmonicTerm {
  int harmonic;
  int monomial;
  real coefficient;
};

/// Harmonics Y of directions u as sums of terms.
template <class real>
struct HarmonicPolynomials {
  int width;      ///< of an edge's row: the harmonics, and zeros up to a multiple of 4
  real shortest;  ///< [Angstrom] length from which on directions are unit vectors
  const HarmonicMonomial *monomials;
  int n_monomials;
  const HarmonicTerm<real> *values;
  int n_values;
  const HarmonicTerm<real> *derivatives[3];  ///< dY/du_a
  int n_derivatives[3];
};

template <class real>
struct TensorKernels {
  /// Y of each edge: (n, width).
  void (*evaluate_harmonics)(const HarmonicPolynomials<real> &polynomials,
                             RangeOf<DirectedEdge<real>> edges, real *rows);

  /// Adds to the edges' gradients what follows from derivatives by their coordinates (in column 0)
  /// and by Y: (n, width).
  void (*add_harmonics_gradient)(const HarmonicPolynomials<real> &polynomials,
                                 RangeOf<DirectedEdge<real>> edges, const real *rows,
                                 real coordinates_per_length);

  /// sums[center] += products with the neighbors' features.
  void (*gather)(const TensorEdges<real> &edges, const TensorPath<real> &path, const real *features,
                 real *sums);

  /// With g the gradient of the energy by the sums, of centers and of neighbors: the gradient by
  /// features, and by what the edges have, of
  ///   sum over channels of g[center] . product(features[node]) and the same with both exchanged.
  void (*gather_gradient)(const TensorEdges<real> &edges, const TensorPath<real> &path,
                          const real *features, const real *gradient, const real *center_features,
                          const real *center_gradient, real *by_features);

  /// The same two for the first interaction, whose features depend on the species alone: its
  /// weights are one table per species of the neighbor, and already hold them.
  void (*gather_species)(const TensorEdges<real> &edges, const TensorPath<real> &path,
                         const std::int32_t *species, real *sums);
  void (*gather_species_gradient)(const TensorEdges<real> &edges, const TensorPath<real> &path,
                                  const std::int32_t *species, const std::int32_t *center_species,
                                  const real *gradient, const real *center_gradient);

  /// SiLU of the scalars; other features times the sigmoids of their gates. Updates are the
  /// scalars, the gates of the other irreps, and their features.
  void (*gate)(const GatedIrreps &irreps, const real *updates, int n_rows, real *features);

  /// Puts the gradient by the updates in their place.
  void (*gate_gradient)(const GatedIrreps &irreps, const real *by_features, int n_rows,
                        real *updates);
};

}  // namespace eippot

#endif
