#include "soapnet/soapnet_weights.h"

#include <cmath>

namespace eippot {

std::vector<double> own_coefficients(const SOAPNetWeights &weights) {
  const double harmonic = std::sqrt(0.25 / M_PI);
  const SoapShape &shape = weights.shape;
  std::vector<double> coefficients;
  for (const double factor : weights.mixing) {  // (S, A)
    for (int n = 0; n < shape.functions(); ++n) {
      coefficients.push_back(factor * harmonic * weights.radial.values[shape.function(0, n)]);
    }
  }
  return coefficients;
}

std::vector<double> isolated_spectra(const SOAPNetWeights &weights) {
  const SoapShape &shape = weights.shape;
  const std::vector<double> coefficients = own_coefficients(weights);
  std::vector<double> spectra(static_cast<std::size_t>(weights.n_species) * shape.components());
  for (int species = 0; species < weights.n_species; ++species) {
    const double *c = coefficients.data() + species * shape.rows();
    double *spectrum = spectra.data() + static_cast<std::size_t>(species) * shape.components();
    for (int i = 0; i < shape.rows(); ++i) {
      for (int j = i; j < shape.rows(); ++j) spectrum[shape.pair(i, j)] = c[i] * c[j];
    }
  }
  return spectra;
}

}  // namespace eippot
