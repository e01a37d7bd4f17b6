/// From the particles of a KIM simulator to what a model takes.
///
/// KIM has *particles* in the simulator's order. Some contribute their energies; the others pad:
/// images, or atoms of other processes, up to the influence distance. A model has *nodes*: first
/// the contributing particles, then those that edges lead to from them, in the order of the number
/// of edges on the way, since KIM hands nothing from one padding particle to another. Each is a
/// node of its own, with edges of its own unless it is too far away for these to matter.

#ifndef EIPPOT_PARTICLES_H
#define EIPPOT_PARTICLES_H

#include <cstdint>
#include <vector>

#include "engine/neighborhoods.h"
#include "exported_model.h"

namespace KIM {
class ModelComputeArguments;
}  // namespace KIM

namespace eippot {

class Particles final : public Neighborhoods {
 public:
  /// `cutoff` in Angstrom; `angstrom` is the length of one in the simulator's units; nodes have
  /// edges if at most `steps` edges are on the way to them.
  Particles(double cutoff, double angstrom, int steps);

  /// Finds nodes and edges at the present positions; a ModelError if the simulator fails.
  void read(const KIM::ModelComputeArguments &arguments);

  /// The neighbors of a node within the cutoff.
  void find(int node, std::vector<Neighbor> &neighbors) const override;

  /// All edges, for models that take them at once.
  const AtomGraph &find_edges();

  int n_contributing() const { return n_nodes - n_uncounted; }

  /// The simulator's index of a node.
  int particle(int node) const { return particle_of_node_[node]; }

 private:
  void add_node(int particle, int species, int steps);
  void read_neighbors(const KIM::ModelComputeArguments &arguments, int node);

  double reach_squared_;       // of the cutoff [simulator's length^2]
  double length_to_angstrom_;  // multiplies a length of the simulator
  int most_steps_;

  const double *positions_ = nullptr;   // (particles, 3) [simulator's length]
  const int *species_codes_ = nullptr;  // (particles,)
  std::vector<int> node_of_particle_;   // (particles,) or -1
  std::vector<int> particle_of_node_;   // (N,)
  std::vector<int> steps_;              // (N,)
  std::vector<std::int32_t> species_;   // (N,)
  std::vector<std::int64_t> first_;     // (N + 1,) first edge of each node, and E
  std::vector<Neighbor> neighbors_;     // (E,)
  AtomGraph graph_;
};

}  // namespace eippot

#endif
