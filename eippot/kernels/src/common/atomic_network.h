/// A network from numbers of an atom to its energy, and back.

#ifndef EIPPOT_ATOMIC_NETWORK_H
#define EIPPOT_ATOMIC_NETWORK_H

#include <vector>

#include "common/aligned_array.h"
#include "common/atomic_network_weights.h"
#include "common/dense.h"
#include "common/vector_kernels.h"

namespace eippot {

template <class real>
class AtomicNetwork {
 public:
  AtomicNetwork(const AtomicNetworkWeights &weights, const Kernels<real> &kernels);

  /// What one thread works on.
  struct Scratch {
    AlignedArray<real> values, other_values;  // (n, width)
    std::vector<AlignedArray<real>> slopes;   // (n, width) of each activation
  };

  /// Width of rows of inputs.
  int in_width() const { return first_.packed().in_width; }

  /// Energies (n,) [eV], those of atoms that are not `bonded` exactly as they are known; gradients
  /// by the inputs take the place of these, (n, in_width), and are zero behind the first n_counted.
  void evaluate(const std::int32_t *species, const char *bonded, int n, int n_counted, real *inputs,
                double *energies, Scratch &scratch) const;

 private:
  /// A layer behind the first one.
  struct Layer {
    DenseLayer<real> forward, back;
  };

  const Kernels<real> &kernels_;
  int width_;  // channels, and zeros up to whole panels
  DenseLayer<real> first_, first_back_;
  AlignedArray<real> species_bias_;  // (S, width)
  std::vector<Layer> layers_;
  AlignedArray<real> output_;              // (width,), times the scale
  std::vector<double> isolated_outputs_;   // (S,) [eV]
  std::vector<double> isolated_energies_;  // (S,) [eV]
};

}  // namespace eippot

#endif
