#include "neighbor_graph.h"

#include <algorithm>
#include <array>
#include <utility>

#include "atom.h"
#include "neigh_list.h"

namespace eippot {

void NeighborGraph::configure(double cutoff, double angstrom,
                              const std::vector<int> &species_of_type, bool extended) {
  const double reach = cutoff * angstrom;
  reach_squared_ = reach * reach;
  length_to_angstrom_ = 1.0 / angstrom;
  species_of_type_ = species_of_type;
  extended_ = extended;
}

void NeighborGraph::add_node(int atom, int species) {
  node_of_atom_[atom] = static_cast<int>(atom_of_node_.size());
  atom_of_node_.push_back(atom);
  species_of_node_.push_back(species);
}

/// Owned nodes are the atoms of the list (under pair hybrid, a part of all) that have a species.
void NeighborGraph::number_nodes(const LAMMPS_NS::Atom &atom, const LAMMPS_NS::NeighList &list,
                                 const AtomRows &origins, int this_rank) {
  atom_ = &atom;
  list_ = &list;
  atom_of_node_.clear();
  species_of_node_.clear();
  node_of_atom_.assign(atom.nlocal + atom.nghost, -1);
  for (int k = 0; k < list.inum; ++k) {
    const int owned = list.ilist[k];
    const int known = species_of_type_[atom.type[owned]];
    if (known >= 0) add_node(owned, known);
  }
  n_centers = static_cast<int>(atom_of_node_.size());

  origins_.clear();
  if (extended_)
    number_extended_ghosts();
  else
    number_ghosts(origins, this_rank);
  n_nodes = static_cast<int>(atom_of_node_.size());
  species = species_of_node_.data();
}

void NeighborGraph::number_extended_ghosts() {
  for (int ghost = atom_->nlocal; ghost < atom_->nlocal + atom_->nghost; ++ghost) {
    const int known = species_of_type_[atom_->type[ghost]];
    if (known >= 0) add_node(ghost, known);
  }
}

/// Images of one atom of another rank have one node.
void NeighborGraph::number_ghosts(const AtomRows &origins, int this_rank) {
  std::vector<std::pair<Origin, int>> far;
  for (int ghost = atom_->nlocal; ghost < atom_->nlocal + atom_->nghost; ++ghost) {
    if (species_of_type_[atom_->type[ghost]] < 0) continue;
    const Origin origin = {static_cast<int>(origins[ghost][0]),
                           static_cast<int>(origins[ghost][1])};
    if (origin.rank == this_rank)
      node_of_atom_[ghost] = node_of_atom_[origin.index];
    else
      far.emplace_back(origin, ghost);
  }
  std::sort(far.begin(), far.end());
  for (const auto &[origin, ghost] : far) {
    if (origins_.empty() || origins_.back() < origin) {
      origins_.push_back(origin);
      add_node(ghost, species_of_type_[atom_->type[ghost]]);
    }
    node_of_atom_[ghost] = static_cast<int>(atom_of_node_.size()) - 1;
  }
}

/// The list itself also holds those in the skin. Which ones cannot be predicted, so that they are
/// left out without a branch.
void NeighborGraph::find(int node, std::vector<Neighbor> &neighbors) const {
  const int center = atom_of_node_[node], n_listed = list_->numneigh[center];
  const int *listed = list_->firstneigh[center];
  const double *positions = atom_->x[0], *origin = positions + 3L * center;  // [LAMMPS' length]
  std::array<int, 256> near;
  neighbors.clear();
  for (int first = 0; first < n_listed; first += near.size()) {
    const int end = std::min<int>(first + near.size(), n_listed);
    int n_near = 0;
    for (int k = first; k < end; ++k) {
      const int atom = listed[k] & NEIGHMASK;  // the upper bits flag special bonds
      const double *position = positions + 3L * atom;
      const double x = position[0] - origin[0], y = position[1] - origin[1],
                   z = position[2] - origin[2];
      near[n_near] = atom;
      n_near += x * x + y * y + z * z < reach_squared_;
    }
    const std::size_t n_found = neighbors.size();
    neighbors.resize(n_found + n_near);
    Neighbor *next = neighbors.data() + n_found;
    for (int k = 0; k < n_near; ++k) {
      const double *position = positions + 3L * near[k];
      next->node = node_of_atom_[near[k]];
      for (int d = 0; d < 3; ++d) next->vector[d] = (position[d] - origin[d]) * length_to_angstrom_;
      next += next->node >= 0;
    }
    neighbors.resize(next - neighbors.data());
  }
}

const AtomGraph &NeighborGraph::find_edges() {
  const int with_edges = extended_ ? n_nodes : n_centers;
  graph_.n_owned = n_centers;
  graph_.species.assign(species_of_node_.begin(), species_of_node_.end());
  graph_.edge_index.clear();
  graph_.edge_vectors.clear();
  far_ends_.clear();
  for (int node = 0; node < with_edges; ++node) {
    find(node, neighbors_);
    for (const Neighbor &neighbor : neighbors_) {
      graph_.edge_index.push_back(node);
      far_ends_.push_back(neighbor.node);
      graph_.edge_vectors.insert(graph_.edge_vectors.end(), neighbor.vector, neighbor.vector + 3);
    }
  }
  graph_.edge_index.insert(graph_.edge_index.end(), far_ends_.begin(), far_ends_.end());
  return graph_;
}

}  // namespace eippot
