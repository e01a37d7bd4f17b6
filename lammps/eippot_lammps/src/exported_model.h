/// An exported eippot model (a TorchScript file): open it, check it, evaluate it.
///
/// Nothing of LAMMPS and nothing of torch is visible here, so that either can be replaced alone.
/// Units are those of the file: eV and Angstrom. Every failure, torch's included, is a ModelError
/// whose text says what was expected, what was found and what to do.

#ifndef EIPPOT_EXPORTED_MODEL_H
#define EIPPOT_EXPORTED_MODEL_H

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace eippot {

/// A model file that cannot be used, or an evaluation that failed.
class ModelError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A directed graph: N atoms, E edges, every pair within the cutoff in both directions.
struct AtomGraph {
  std::vector<std::int64_t> species;     ///< (N,)   index into ModelMetadata::species
  std::vector<std::int64_t> edge_index;  ///< (2, E) row 0 centers, row 1 neighbors, each in [0, N)
  std::vector<double> edge_vectors;      ///< (E, 3) r_neighbor - r_center [Angstrom]

  std::int64_t n_atoms() const { return static_cast<std::int64_t>(species.size()); }
  std::int64_t n_edges() const { return static_cast<std::int64_t>(edge_index.size() / 2); }
  std::int64_t center(std::int64_t edge) const { return edge_index[edge]; }
  std::int64_t neighbor(std::int64_t edge) const { return edge_index[n_edges() + edge]; }
};

/// What a model says about an AtomGraph. Everything else follows from the gradient:
/// force on the center += g, force on the neighbor -= g, virial = -sum over edges of r (x) g.
struct Evaluation {
  std::vector<double> atomic_energies;  ///< (N,)   with the reference energies [eV]
  std::vector<double> edge_gradient;    ///< (E, 3) g = dE/d(edge vector) [eV/Angstrom]
};

/// What the file says about itself.
struct ModelMetadata {
  std::string architecture;          ///< e.g. "schnet"
  std::vector<std::string> species;  ///< chemical symbols, in the order of the model's indices
  double cutoff = 0.0;               ///< longest edge [Angstrom]
  double interaction_range = 0.0;    ///< farthest atom that an atomic energy depends on [Angstrom]
  std::int64_t n_exchanges = 0;      ///< times that neighbor features are needed between layers
  std::string dtype;                 ///< "float32" or "float64": the precision inside the model
  std::string citation;              ///< what to cite, or empty
  std::string eippot_version;        ///< the version that wrote the file
};

/// Largest deviations from the reference structure that the file carries.
struct SelfTest {
  double energy_error = 0.0;  ///< [eV]
  double force_error = 0.0;   ///< largest component [eV/Angstrom]
  double virial_error = 0.0;  ///< largest component [eV]
  bool passed = false;        ///< all within the tolerance of the model's dtype
};

class ExportedModel {
 public:
  /// Opens a file; a ModelError if it is missing, not TorchScript, or not an eippot export.
  explicit ExportedModel(const std::string &path);
  ~ExportedModel();

  const ModelMetadata &metadata() const { return metadata_; }

  /// Threads that one evaluation may use; 1 unless told otherwise.
  void set_threads(int n_threads) { n_threads_ = n_threads; }

  /// Energies and their gradient. Works for any N >= 0 and E >= 0; `result` is resized.
  void evaluate(const AtomGraph &graph, Evaluation &result) const;

  /// Evaluates the reference structure in the file and compares.
  SelfTest self_test() const;

 private:
  struct Module;  // the TorchScript module; defined beside the only code that sees torch
  std::unique_ptr<Module> module_;
  ModelMetadata metadata_;
  int n_threads_ = 1;
};

}  // namespace eippot

#endif
