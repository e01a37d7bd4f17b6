/// A network from numbers of an atom to its energy, as plain numbers.

#ifndef EIPPOT_ATOMIC_NETWORK_WEIGHTS_H
#define EIPPOT_ATOMIC_NETWORK_WEIGHTS_H

#include <vector>

#include "common/dense_weights.h"
#include "engine/parameters.h"

namespace eippot {

/// output . ssp(layer ... ssp(first x + bias of the species)). C: channels, I: inputs, S: species.
struct AtomicNetworkWeights {
  int n_in = 0;                           ///< I
  int channels = 0;                       ///< C
  DenseWeights first;                     ///< (C, I), without bias
  std::vector<double> species_bias;       ///< (S, C)
  std::vector<DenseWeights> layers;       ///< (C, C)
  std::vector<double> output;             ///< (C,)
  double scale = 1.0;                     ///< of what it gives [eV]
  std::vector<double> isolated_inputs;    ///< (S, I) x of isolated atoms
  std::vector<double> isolated_energies;  ///< (S,) energies of isolated atoms [eV]
};

/// The head of a potential, from features of which those of isolated atoms (S, C) are known.
AtomicNetworkWeights read_head(Parameters &from, const std::vector<double> &isolated_features);

}  // namespace eippot

#endif
