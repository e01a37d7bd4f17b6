/// Does a model say here what it said where it was exported?

#ifndef EIPPOT_SELF_TEST_H
#define EIPPOT_SELF_TEST_H

#include "compressed_model.h"
#include "exported_model.h"

namespace eippot {

/// Largest deviations from the reference structure that the file carries.
struct SelfTest {
  double energy_error = 0.0;     ///< [eV]
  double force_error = 0.0;      ///< largest component [eV/Angstrom]
  double virial_error = 0.0;     ///< largest component [eV]
  bool passed = false;           ///< all within the tolerance of the model's dtype
  std::int64_t n_exchanges = 0;  ///< with ghosts, in one direction
  int exchange_bytes = 0;        ///< most that a node exchanged at a time
};

/// Evaluates the reference structure and compares; a ModelError where that cannot be done.
SelfTest self_test(const ExportedModel &model);

/// A ModelError where the model did not exchange features as often as the file says.
void require_exchanges(const SelfTest &report, const ModelMetadata &metadata);

/// The same of the engine that runs instead of the file.
SelfTest self_test(const ExportedModel &model, CompressedModel &compressed);

}  // namespace eippot

#endif
