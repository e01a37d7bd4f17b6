/// A compressed model on the engine of eippot/kernels, which computes what the TorchScript file
/// says many times faster.
///
/// Units are eV and Angstrom. Nothing of LAMMPS and nothing of torch is visible here.

#ifndef EIPPOT_COMPRESSED_MODEL_H
#define EIPPOT_COMPRESSED_MODEL_H

#include <memory>

#include "engine/neighborhoods.h"
#include "engine/parameters.h"
#include "exported_model.h"
#include "node_results.h"

namespace eippot {

class CompressedModel {
 public:
  virtual ~CompressedModel() = default;

  /// Rows of the results are those of the centers. `exchange` is as for ExportedModel; here it only
  /// goes to ghosts.
  virtual void evaluate(const Neighborhoods &around, NodeExchange *exchange, int n_threads,
                        const Wanted &wanted, NodeResults &results) = 0;

  /// The engine of a compressed file; NoEngine where there is none for it.
  static std::unique_ptr<CompressedModel> create(const ExportedModel &model);
};

}  // namespace eippot

#endif
