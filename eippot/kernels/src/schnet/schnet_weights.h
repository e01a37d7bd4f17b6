/// A trained SchNet as plain numbers.
///
/// C: channels, S: species, K: knots.

#ifndef EIPPOT_SCHNET_WEIGHTS_H
#define EIPPOT_SCHNET_WEIGHTS_H

#include <vector>

#include "common/atomic_network_weights.h"
#include "common/dense_weights.h"
#include "common/knot_values.h"
#include "engine/parameters.h"

namespace eippot {

/// x_i += second ssp(first scale sum_j W(r_ij) * (project x_j)).
struct InteractionWeights {
  KnotValues filter;     ///< W
  DenseWeights project;  ///< no bias
  DenseWeights first;
  DenseWeights second;
};

struct SchNetWeights {
  int channels = 0;               ///< C
  int n_species = 0;              ///< S
  int n_knots = 0;                ///< K >= 2, equally spaced from 0 to the cutoff
  double cutoff = 0.0;            ///< [Angstrom]
  double neighbor_scale = 1.0;    ///< factor of the sums over neighbors
  std::vector<double> embedding;  ///< (S, C)
  std::vector<InteractionWeights> interactions;
  AtomicNetworkWeights head;
};

/// Reads those of an exported file; NoEngine if it is another model.
SchNetWeights read_schnet(Parameters &from);

/// The filter of the first interaction for neighbors of one species, whose features are known, and
/// the linear layer behind the sum (without bias) with it: first (scale W(r) * project embedding).
KnotValues first_filter(const SchNetWeights &weights, int species);

/// What the head is given of isolated atoms of each species: (S, C).
std::vector<double> isolated_features(const SchNetWeights &weights);

}  // namespace eippot

#endif
