#include "neighbor_graph.h"

#include <unordered_map>

#include "atom.h"
#include "neigh_list.h"

namespace eippot {

void NeighborGraph::configure(double cutoff, double angstrom,
                              const std::vector<int> &species_of_type, bool extended) {
  cutoff_squared_ = cutoff * cutoff;
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

  std::unordered_map<std::int64_t, int> node_of_origin;
  for (int ghost = atom.nlocal; ghost < atom.nlocal + atom.nghost; ++ghost) {
    const int known = species_of_type_[atom.type[ghost]];
    if (known < 0) continue;
    const auto rank = static_cast<int>(origins[ghost][0]);
    const auto index = static_cast<int>(origins[ghost][1]);
    if (extended_) {
      add_node(ghost, known);
    } else if (rank == this_rank) {
      node_of_atom_[ghost] = node_of_atom_[index];
    } else {
      const auto origin = (static_cast<std::int64_t>(rank) << 32) + index;
      const auto node = static_cast<int>(atom_of_node_.size());
      const auto [found, is_new] = node_of_origin.try_emplace(origin, node);
      if (is_new) add_node(ghost, known);
      node_of_atom_[ghost] = found->second;
    }
  }
  n_nodes = static_cast<int>(atom_of_node_.size());
  species = species_of_node_.data();
}

/// The list itself also holds those in the skin.
void NeighborGraph::find(int node, std::vector<Neighbor> &neighbors) const {
  const int center = atom_of_node_[node];
  const double *origin = atom_->x[center];
  const int *listed = list_->firstneigh[center];
  neighbors.clear();
  for (int k = 0; k < list_->numneigh[center]; ++k) {
    const int atom = listed[k] & NEIGHMASK;  // the upper bits flag special bonds
    if (node_of_atom_[atom] < 0) continue;
    const double *position = atom_->x[atom];
    const double x = (position[0] - origin[0]) * length_to_angstrom_;
    const double y = (position[1] - origin[1]) * length_to_angstrom_;
    const double z = (position[2] - origin[2]) * length_to_angstrom_;
    if (x * x + y * y + z * z < cutoff_squared_)
      neighbors.push_back({node_of_atom_[atom], {x, y, z}});
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
