/// A compressed model on the engine of eippot/kernels, which computes what the TorchScript file
/// says many times faster.
///
/// Units are eV and Angstrom. Nothing of LAMMPS and nothing of torch is visible here.

#ifndef EIPPOT_COMPRESSED_MODEL_H
#define EIPPOT_COMPRESSED_MODEL_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "exported_model.h"
#include "schnet_weights.h"

namespace eippot {

/// What a compressed model says about the owned atoms of an AtomGraph; nothing is left to add up.
struct OwnedAtoms {
  std::vector<double> energies;  ///< (n_owned,) with the reference energies [eV]
  std::vector<double> forces;    ///< (n_owned, 3) [eV/Angstrom]
  std::vector<double> virials;   ///< (n_owned, 6) xx yy zz xy xz yz: half of each pair's [eV]
};

class CompressedModel {
 public:
  virtual ~CompressedModel() = default;

  /// Works for any graph whose ghosts are not extended. `exchange` is as for ExportedModel.
  virtual void evaluate(const AtomGraph &graph, NodeExchange *exchange, int n_threads,
                        OwnedAtoms &result) = 0;

  /// In the number format of the file, "float32" or "float64".
  static std::unique_ptr<CompressedModel> create(const SchNetWeights &weights,
                                                 const std::string &dtype);
};

}  // namespace eippot

#endif
