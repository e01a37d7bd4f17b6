/// From LAMMPS' neighbor list to the graph that a model takes.
///
/// LAMMPS has *atoms*: indices 0 ... nlocal-1 are owned by this rank, nlocal ... nlocal+nghost-1
/// are ghosts, i.e. periodic images of owned atoms. A model has *nodes*: the owned atoms whose type
/// the model covers, numbered without gaps. An edge to a ghost is folded to the node of its owner;
/// the edge vector still points to the ghost, so a pair with several images has several edges, and
/// cells smaller than the cutoff need no special care.

#ifndef EIPPOT_NEIGHBOR_GRAPH_H
#define EIPPOT_NEIGHBOR_GRAPH_H

#include <cstdint>
#include <vector>

#include "exported_model.h"

namespace LAMMPS_NS {
class Atom;
class NeighList;
}  // namespace LAMMPS_NS

namespace eippot {

class NeighborGraph {
 public:
  /// `cutoff` in Angstrom; `angstrom` is the length of one Angstrom in LAMMPS' units;
  /// `species_of_type` (ntypes + 1,): model species of each atom type, -1 for types left out.
  void configure(double cutoff, double angstrom, const std::vector<int> &species_of_type);

  /// Rebuilds the graph from a full neighbor list and the present positions.
  /// `owner` (nlocal + nghost,): local index of the atom that each atom is, or is an image of.
  void build(const LAMMPS_NS::Atom &atom, const LAMMPS_NS::NeighList &list,
             const std::vector<int> &owner);

  const AtomGraph &graph() const { return graph_; }

  /// LAMMPS' local index, in [0, nlocal), of a node.
  int atom_of_node(std::int64_t node) const { return atom_of_node_[node]; }

 private:
  struct Surroundings;  // the arrays of LAMMPS that one build reads

  void number_nodes(const Surroundings &here);
  void count_edges(const Surroundings &here);
  void fill_edges(const Surroundings &here);
  template <typename Action>
  void for_each_neighbor(const Surroundings &here, int atom, Action action) const;

  double cutoff_squared_ = 0.0;       // [Angstrom^2]
  double length_to_angstrom_ = 1.0;   // multiplies a length of LAMMPS
  std::vector<int> species_of_type_;  // (ntypes + 1,)

  AtomGraph graph_;
  std::vector<int> atom_of_node_;  // (N,)     in [0, nlocal)
  std::vector<int> node_of_atom_;  // (nlocal,) in [0, N), or -1 where no node
  std::vector<std::int64_t>
      first_edge_;  // (N + 1,) edges of node n: [first_edge_[n], first_edge_[n+1])
};

}  // namespace eippot

#endif
