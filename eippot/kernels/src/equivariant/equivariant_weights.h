/// A trained equivariant network as plain numbers.
///
/// Matrices are row-major, (out, in). C: channels, S: species, K: knots.

#ifndef EIPPOT_EQUIVARIANT_WEIGHTS_H
#define EIPPOT_EQUIVARIANT_WEIGHTS_H

#include <vector>

#include "common/atomic_network_weights.h"
#include "common/knot_values.h"
#include "engine/parameters.h"

namespace eippot {

/// Of O(3): degree, and parity +1 or -1.
struct Irrep {
  int degree;
  int parity;
  int components() const { return 2 * degree + 1; }
};

/// A path of a tensor product: from an irrep of the features, with harmonics of a degree, to an
/// irrep of the result.
struct PathWeights {
  int in;                         ///< which irrep before
  int harmonic;                   ///< degree of the harmonics
  int out;                        ///< which irrep after
  int place;                      ///< which path to that irrep
  KnotValues weights;             ///< w(r)
  std::vector<double> couplings;  ///< (2 harmonic + 1, components of in, components of out)
};

/// x_i <- gate(mix sum_j scale w(r_ij) (project x_j * Y(r_ij)) + skip(species_i) x_i).
struct ConvolutionWeights {
  std::vector<Irrep> before, after;          ///< the first of both are scalars
  std::vector<PathWeights> paths;            ///< by irrep after, and `place`
  std::vector<std::vector<double>> project;  ///< (C, C) for each irrep before
  std::vector<std::vector<double>> mix;      ///< (outputs C, paths C) for each irrep after
  std::vector<std::vector<double>> skip;     ///< (outputs C, C S) for the first irreps of both

  /// Paths to an irrep after.
  int n_paths(int out) const;

  /// In units of C: to scalars also lead the gates of the other irreps.
  int outputs(int out) const { return out == 0 ? static_cast<int>(after.size()) : 1; }
};

struct EquivariantWeights {
  int channels = 0;               ///< C
  int n_species = 0;              ///< S
  int n_knots = 0;                ///< K >= 2, equally spaced from 0 to the cutoff
  int l_max = 0;                  ///< of the harmonics
  double cutoff = 0.0;            ///< [Angstrom]
  double shortest = 0.0;          ///< [Angstrom] the direction of a shorter edge fades
  double neighbor_scale = 1.0;    ///< factor of the sums over neighbors
  std::vector<double> embedding;  ///< (S, C)
  std::vector<double> harmonics;  ///< of products of components of directions, see EdgeHarmonics
  std::vector<ConvolutionWeights> convolutions;
  AtomicNetworkWeights head;
};

/// Reads those of an exported file; NoEngine if it is another model.
EquivariantWeights read_equivariant(Parameters &from);

/// The matrix (rows, C) that a skip has for one species.
std::vector<double> skip_of_species(const EquivariantWeights &weights,
                                    const std::vector<double> &skip, int species);

/// The weights of a path of the first convolution for neighbors of one species, with their
/// features, which are known.
KnotValues first_path_weights(const EquivariantWeights &weights, const PathWeights &path,
                              int species);

/// What the head is given of isolated atoms of each species: (S, C).
std::vector<double> isolated_features(const EquivariantWeights &weights);

}  // namespace eippot

#endif
