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

#include "text.h"

namespace eippot {

/// A model file that cannot be used, or an evaluation that failed.
class ModelError : public std::runtime_error {
 public:
  explicit ModelError(const std::string &text) : std::runtime_error(text.c_str()) {}
};

/// A directed graph: N nodes, E edges, every pair within the cutoff in both directions.
///
/// The first n_owned nodes are atoms of this process. The others stand for atoms of other
/// processes, which count their energies, and mostly know their edges.
struct AtomGraph {
  std::vector<std::int64_t> species;     ///< (N,)   index into ModelMetadata::species
  std::vector<std::int64_t> edge_index;  ///< (2, E) row 0 centers, row 1 neighbors, each in [0, N)
  std::vector<double> edge_vectors;      ///< (E, 3) r_neighbor - r_center [Angstrom]
  std::int64_t n_owned = 0;              ///< in [0, N]

  std::int64_t n_nodes() const { return static_cast<std::int64_t>(species.size()); }
  std::int64_t n_edges() const { return static_cast<std::int64_t>(edge_index.size() / 2); }
  std::int64_t center(std::int64_t edge) const { return edge_index[edge]; }
  std::int64_t neighbor(std::int64_t edge) const { return edge_index[n_edges() + edge]; }
};

/// What a model says about an AtomGraph. Everything else follows from the gradient of the energy of
/// all owned atoms (of all processes, through the exchanges): virial = -sum over edges of r (x) g.
struct Evaluation {
  std::vector<double> atomic_energies;  ///< (n_owned,) with the reference energies [eV]
  std::vector<double> edge_gradient;    ///< (E, 3) g = dE/d(edge vector) [eV/Angstrom]
};

/// Forces (N, 3) [eV/Angstrom]: each edge pulls its center by +g, and its neighbor by -g.
std::vector<double> forces_on_nodes(const AtomGraph &graph, const Evaluation &evaluation);

/// The way between processes, along which rows of numbers of the nodes go.
class NodeExchange {
 public:
  /// Rows of nodes that are not owned become those of their owners; (N, bytes) of any numbers.
  virtual void to_ghosts(void *rows, int bytes) = 0;
  /// Rows (N, width) of nodes that are not owned are added to those of their owners, then are zero.
  virtual void to_owners(double *rows, int width) = 0;

 protected:
  ~NodeExchange() = default;  // nobody owns one
};

/// What the file says about itself.
struct ModelMetadata {
  Text architecture;               ///< e.g. "schnet"
  std::vector<Text> species;       ///< chemical symbols, in the order of the model's indices
  double cutoff = 0.0;             ///< longest edge [Angstrom]
  double interaction_range = 0.0;  ///< farthest atom that an atomic energy depends on [Angstrom]
  double ghost_range = 0.0;        ///< farthest atom that has to be known if features are exchanged
  std::int64_t n_exchanges = 0;    ///< times that neighbor features are exchanged between layers
  std::int64_t n_members = 1;      ///< of a committee; energies are their mean
  std::int64_t table_bins = 0;     ///< pieces of the tables of a compressed model, else 0
  Text dtype;                      ///< "float32" or "float64": the precision inside the model
  Text citation;                   ///< what to cite, or empty
  Text eippot_version;             ///< the version that wrote the file
  std::int64_t training_neighborhoods = 0;  ///< behind the extrapolation grade; 0 without one
};

/// The structure that a file carries for the self-test, and what its model said of it.
struct Reference {
  AtomGraph graph;
  std::vector<double> energy;  ///< (1,)   of all atoms [eV]
  std::vector<double> forces;  ///< (N, 3) [eV/Angstrom]
  std::vector<double> virial;  ///< (3, 3) [eV]
};

/// A tensor of a model.
struct NamedArray {
  Text name;                   ///< its path in the file
  std::vector<double> values;  ///< row-major
};

class ExportedModel {
 public:
  /// Opens a file; a ModelError if it is missing, not TorchScript, or not an eippot export. It runs
  /// on a GPU where torch sees one, on another one for each `local_rank` as far as there are so
  /// many.
  ExportedModel(const Text &path, int local_rank);
  ~ExportedModel();

  const ModelMetadata &metadata() const { return metadata_; }

  /// Where it runs, e.g. "cpu" or "cuda:0".
  Text device() const;

  /// Threads that one evaluation may use; 1 unless told otherwise.
  void set_threads(int n_threads) { n_threads_ = n_threads; }

  /// Energies and their gradient. Works for any N >= 0 and E >= 0; `result` is resized.
  /// `exchange` is the way to the other processes, all of which evaluate at the same time;
  /// nullptr where all nodes are owned.
  void evaluate(const AtomGraph &graph, NodeExchange *exchange, Evaluation &result) const;

  /// The same for each member of a committee.
  std::vector<Evaluation> evaluate_members(const AtomGraph &graph, NodeExchange *exchange) const;

  /// How unlike those of the training the neighborhood of each atom is (n_owned,).
  std::vector<double> extrapolation_grade(const AtomGraph &graph, NodeExchange *exchange) const;

  /// What the file carries for the self-test.
  Reference reference() const;

  /// All tensors but those of the self-test.
  std::vector<NamedArray> parameters() const;

 private:
  template <typename Action>
  void run(Action action) const;

  struct Module;  // the TorchScript module; defined beside the only code that sees torch
  std::unique_ptr<Module> module_;
  ModelMetadata metadata_;
  int n_threads_ = 1;
};

}  // namespace eippot

#endif
