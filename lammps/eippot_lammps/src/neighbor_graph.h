/// From LAMMPS' neighbor list to what a model takes.
///
/// LAMMPS has *atoms*: indices 0 ... nlocal-1 are owned by this rank, nlocal ... nlocal+nghost-1
/// are ghosts, i.e. images of atoms of this rank or of another one. A model has *nodes*, numbered
/// without gaps, of the atoms whose type it covers:
///
/// - first the owned atoms;
/// - ghosts of owned atoms are folded: an edge to one leads to the node of its owner, and its
///   vector still points to the ghost. So a pair with several images has several edges, and cells
///   smaller than the cutoff need no special care;
/// - atoms of other ranks that are seen here have one node each, however many of their images are
///   seen. It has no edges of its own; the features that a model needs of it come from its owner;
/// - unless ghosts are *extended*, for models that cannot be helped with features: then each ghost
///   is a node, and has its edges.

#ifndef EIPPOT_NEIGHBOR_GRAPH_H
#define EIPPOT_NEIGHBOR_GRAPH_H

#include <cstdint>
#include <vector>

#include "atom_rows.h"
#include "engine/neighborhoods.h"
#include "exported_model.h"

namespace LAMMPS_NS {
class Atom;
class NeighList;
}  // namespace LAMMPS_NS

namespace eippot {

/// An atom of some rank, by its index there.
struct Origin {
  int rank;
  int index;

  bool operator<(const Origin &other) const {
    return rank != other.rank ? rank < other.rank : index < other.index;
  }
};

class NeighborGraph final : public Neighborhoods {
 public:
  /// `cutoff` in Angstrom; `angstrom` is the length of one Angstrom in LAMMPS' units;
  /// `species_of_type` (ntypes + 1,): model species of each atom type, -1 for types left out;
  /// `extended`: whether ghosts have nodes and edges of their own.
  void configure(double cutoff, double angstrom, const std::vector<int> &species_of_type,
                 bool extended);

  /// Numbers the nodes; they stay as long as LAMMPS' neighbor list does.
  /// `origins` (nlocal + nghost, 2): rank, and index there, of the atom that each one is or is an
  /// image of.
  void number_nodes(const LAMMPS_NS::Atom &atom, const LAMMPS_NS::NeighList &list,
                    const AtomRows &origins, int this_rank);

  /// The neighbors of a node within the cutoff, at the present positions.
  void find(int node, std::vector<Neighbor> &neighbors) const override;

  /// All edges at the present positions, for models that take them at once.
  const AtomGraph &find_edges();

  /// Of the nodes of other ranks' atoms, in their order, which is by rank; unless ghosts are
  /// extended.
  const std::vector<Origin> &origins() const { return origins_; }

  /// LAMMPS' index of a node; for those of other ranks, of one of its ghosts here.
  int atom_of_node(int node) const { return atom_of_node_[node]; }

  /// (nlocal + nghost,) in [0, N), or -1 where there is no node.
  const std::vector<int> &node_of_atom() const { return node_of_atom_; }

 private:
  void add_node(int atom, int species);
  void number_ghosts(const AtomRows &origins, int this_rank);
  void number_extended_ghosts();

  double reach_squared_ = 0.0;        // of the cutoff [LAMMPS' length^2]
  double length_to_angstrom_ = 1.0;   // multiplies a length of LAMMPS
  std::vector<int> species_of_type_;  // (ntypes + 1,)
  bool extended_ = false;

  const LAMMPS_NS::Atom *atom_ = nullptr;
  const LAMMPS_NS::NeighList *list_ = nullptr;
  std::vector<std::int32_t> species_of_node_;  // (N,)
  std::vector<int> atom_of_node_;              // (N,) in [0, nlocal + nghost)
  std::vector<int> node_of_atom_;              // (nlocal + nghost,)
  std::vector<Origin> origins_;                // (N - n_centers,)

  AtomGraph graph_;
  std::vector<Neighbor> neighbors_;     // of one node
  std::vector<std::int64_t> far_ends_;  // (E,) neighbors of all edges
};

}  // namespace eippot

#endif
