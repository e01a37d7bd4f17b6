/// A trained SOAPNet as plain numbers.
///
/// A: mixed densities, C: channels, K: knots, L: degrees, P: components, S: species.

#ifndef EIPPOT_SOAPNET_WEIGHTS_H
#define EIPPOT_SOAPNET_WEIGHTS_H

#include <vector>

#include "dense_weights.h"
#include "knot_values.h"
#include "parameters.h"
#include "soap_shape.h"

namespace eippot {

struct SOAPNetWeights {
  int channels = 0;           ///< C
  int n_species = 0;          ///< S
  int n_knots = 0;            ///< K
  SoapShape shape = {};       ///< L, A, and P = shape.components()
  double cutoff = 0.0;        ///< [Angstrom]
  double energy_scale = 1.0;  ///< of what the last layer gives [eV]
  KnotValues radial;          ///< functions in the order of `shape`
  std::vector<double> mixing;             ///< (S, A)
  DenseWeights first;                     ///< (C, P) without bias; P in the order of `shape`
  std::vector<double> embedding;          ///< (S, C) added to it, its bias included
  std::vector<DenseWeights> layers;       ///< (C, C) behind the first, the last one of the head
  std::vector<double> output;             ///< (C,) of the head, whose bias cancels
  std::vector<double> isolated_energies;  ///< (S,) energies of isolated atoms [eV]
};

/// Reads those of an exported file; NoEngine if it is another model.
SOAPNetWeights read_soapnet(Parameters &from);

/// What an atom adds to the coefficients of its own density, all with l = 0: (S, rows).
std::vector<double> own_coefficients(const SOAPNetWeights &weights);

/// What the head gives for isolated atoms of each species: (S,) [eV].
std::vector<double> isolated_outputs(const SOAPNetWeights &weights);

}  // namespace eippot

#endif
