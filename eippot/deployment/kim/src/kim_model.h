/// An exported eippot model as KIM's simulators run it, in their units.

#ifndef EIPPOT_KIM_MODEL_H
#define EIPPOT_KIM_MODEL_H

#include <memory>
#include <string>
#include <vector>

#include "compressed_model.h"
#include "exported_model.h"
#include "node_results.h"
#include "particles.h"

namespace eippot {

/// 1 Angstrom and 1 eV in the simulator's units.
struct Units {
  double angstrom;
  double electronvolt;
};

class KimModel {
 public:
  /// Opens and tests an exported file; a ModelError says why that cannot be done.
  KimModel(const std::string &path, const Units &units);

  /// Chemical symbols, in the order of KIM's species codes.
  const std::vector<Text> &species() const { return model_.metadata().species; }

  /// Farthest particle that an atom's energy depends on [simulator's length]; stays where it is.
  const double *influence_distance() const { return &influence_distance_; }

  /// Longest edge [simulator's length]; stays where it is.
  const double *cutoff() const { return &cutoff_; }

  /// Whether only contributing particles need neighbors; stays where it is.
  const int *needs_no_padding_neighbors() const { return &needs_no_padding_neighbors_; }

  /// What runs, in words.
  std::string description() const;

  /// Fills the arrays that the simulator wants; a ModelError says why that cannot be done.
  void compute(const KIM::ModelComputeArguments &arguments);

 private:
  void test() const;
  void open_engine();

  ExportedModel model_;
  std::unique_ptr<CompressedModel> compressed_;  // runs instead of it, if there is one
  std::string without_engine_;                   // why a compressed model runs without
  Units units_;
  int n_threads_;
  double influence_distance_ = 0.0;
  double cutoff_ = 0.0;
  int needs_no_padding_neighbors_ = 0;
  std::unique_ptr<Particles> particles_;
  Evaluation of_edges_;  // of the TorchScript file
  NodeResults results_;  // of the last call
};

}  // namespace eippot

#endif
