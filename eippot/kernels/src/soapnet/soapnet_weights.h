/// A trained SOAPNet as plain numbers.
///
/// A: mixed densities, K: knots, L: degrees, S: species.

#ifndef EIPPOT_SOAPNET_WEIGHTS_H
#define EIPPOT_SOAPNET_WEIGHTS_H

#include <vector>

#include "common/atomic_network.h"
#include "common/knot_values.h"
#include "engine/parameters.h"
#include "soapnet/soap_shape.h"

namespace eippot {

struct SOAPNetWeights {
  int n_species = 0;             ///< S
  int n_knots = 0;               ///< K
  SoapShape shape = {};          ///< L, A, and components of the spectrum
  double cutoff = 0.0;           ///< [Angstrom]
  KnotValues radial;             ///< functions in the order of `shape`
  std::vector<double> mixing;    ///< (S, A)
  AtomicNetworkWeights network;  ///< of components in the order of `shape`, with the head
};

/// Reads those of an exported file; NoEngine if it is another model.
SOAPNetWeights read_soapnet(Parameters &from);

/// What an atom adds to the coefficients of its own density, all with l = 0: (S, rows).
std::vector<double> own_coefficients(const SOAPNetWeights &weights);

/// Spectra of isolated atoms of each species, without their prefactors: (S, components).
std::vector<double> isolated_spectra(const SOAPNetWeights &weights);

}  // namespace eippot

#endif
