/// The network of a SOAPNet, from power spectra to energies and back.

#ifndef EIPPOT_SPECTRUM_NETWORK_H
#define EIPPOT_SPECTRUM_NETWORK_H

#include <vector>

#include "aligned_array.h"
#include "dense.h"
#include "soapnet_weights.h"
#include "vector_kernels.h"

namespace eippot {

template <class real>
class SpectrumNetwork {
 public:
  SpectrumNetwork(const SOAPNetWeights &weights, const Kernels<real> &kernels);

  /// What one thread works on.
  struct Scratch {
    AlignedArray<real> values, other_values;  // (n, width)
    std::vector<AlignedArray<real>> slopes;   // (n, width) of each activation
  };

  /// Width of rows of spectra.
  int in_width() const { return first_.packed().in_width; }

  /// Energies (n,) [eV] relative to those of isolated atoms; their gradients by the spectra take
  /// the place of these, (n, in_width).
  void evaluate(const std::int32_t *species, int n, real *spectra, double *energies,
                Scratch &scratch) const;

 private:
  /// A layer behind the first one.
  struct Layer {
    DenseLayer<real> forward, back;
  };

  const Kernels<real> &kernels_;
  int width_;  // channels, and zeros up to whole panels
  DenseLayer<real> first_, first_back_;
  AlignedArray<real> embedding_;  // (S, width)
  std::vector<Layer> layers_;
  AlignedArray<real> output_;             // (width,), times the energy scale
  std::vector<double> isolated_outputs_;  // (S,) [eV]
};

}  // namespace eippot

#endif
