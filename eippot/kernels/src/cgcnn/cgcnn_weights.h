/// A trained CGCNN as plain numbers.
///
/// C: channels, K: knots, S: species.

#ifndef EIPPOT_CGCNN_WEIGHTS_H
#define EIPPOT_CGCNN_WEIGHTS_H

#include <vector>

#include "common/atomic_network.h"
#include "common/dense_weights.h"
#include "common/knot_values.h"
#include "engine/parameters.h"

namespace eippot {

/// v_i += scale sum_j u(r) sigmoid(z) softplus(z'), where z and z', of the gate and of the core,
/// are sums of what belongs to the center, to the neighbor, and to the distance.
struct GatedConvolutionWeights {
  DenseWeights atoms;     ///< (4 C, C): center's gate and core, neighbor's gate and core
  KnotValues gate, core;  ///< (K, C)
};

struct CGCNNWeights {
  int channels = 0;               ///< C
  int n_species = 0;              ///< S
  int n_knots = 0;                ///< K
  double cutoff = 0.0;            ///< [Angstrom]
  double neighbor_scale = 1.0;    ///< factor of the sums over neighbors
  std::vector<double> embedding;  ///< (S, C)
  std::vector<GatedConvolutionWeights> convolutions;
  AtomicNetworkWeights network;  ///< the head
};

/// Reads those of an exported file; NoEngine if it is another model.
CGCNNWeights read_cgcnn(Parameters &from);

}  // namespace eippot

#endif
