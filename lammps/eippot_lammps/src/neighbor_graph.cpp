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
  graph_.species.push_back(species);
}

/// Owned nodes are the atoms of the list (under pair hybrid, a part of all) that have a species.
void NeighborGraph::number_nodes(const LAMMPS_NS::Atom &atom, const LAMMPS_NS::NeighList &list,
                                 const AtomRows &origins, int this_rank) {
  atom_of_node_.clear();
  graph_.species.clear();
  node_of_atom_.assign(atom.nlocal + atom.nghost, -1);
  for (int k = 0; k < list.inum; ++k) {
    const int owned = list.ilist[k];
    const int species = species_of_type_[atom.type[owned]];
    if (species >= 0) add_node(owned, species);
  }
  graph_.n_owned = graph_.n_nodes();

  std::unordered_map<std::int64_t, int> node_of_origin;
  for (int ghost = atom.nlocal; ghost < atom.nlocal + atom.nghost; ++ghost) {
    const int species = species_of_type_[atom.type[ghost]];
    if (species < 0) continue;
    const auto rank = static_cast<int>(origins[ghost][0]);
    const auto index = static_cast<int>(origins[ghost][1]);
    if (extended_) {
      add_node(ghost, species);
    } else if (rank == this_rank) {
      node_of_atom_[ghost] = node_of_atom_[index];
    } else {
      const auto origin = (static_cast<std::int64_t>(rank) << 32) + index;
      const auto [known, is_new] = node_of_origin.try_emplace(origin, graph_.n_nodes());
      if (is_new) add_node(ghost, species);
      node_of_atom_[ghost] = known->second;
    }
  }
}

/// Calls action(node of the neighbor, edge vector [Angstrom]) for each neighbor within the cutoff;
/// the list itself also holds those in the skin.
template <typename Action>
void NeighborGraph::for_each_neighbor(const LAMMPS_NS::Atom &atom, const LAMMPS_NS::NeighList &list,
                                      int center, Action action) const {
  const double *origin = atom.x[center];
  const int *neighbors = list.firstneigh[center];
  for (int k = 0; k < list.numneigh[center]; ++k) {
    const int neighbor = neighbors[k] & NEIGHMASK;  // the upper bits flag special bonds
    const int node = node_of_atom_[neighbor];
    if (node < 0) continue;
    const double *position = atom.x[neighbor];
    const double vector[3] = {(position[0] - origin[0]) * length_to_angstrom_,
                              (position[1] - origin[1]) * length_to_angstrom_,
                              (position[2] - origin[2]) * length_to_angstrom_};
    const double squared = vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2];
    if (squared < cutoff_squared_) action(node, vector);
  }
}

void NeighborGraph::find_edges(const LAMMPS_NS::Atom &atom, const LAMMPS_NS::NeighList &list) {
  const std::int64_t n_centers = extended_ ? graph_.n_nodes() : graph_.n_owned;
  first_edge_.assign(1, 0);
  for (std::int64_t node = 0; node < n_centers; ++node) {
    std::int64_t count = 0;
    for_each_neighbor(atom, list, atom_of_node_[node], [&](int, const double *) { ++count; });
    first_edge_.push_back(first_edge_.back() + count);
  }

  const std::int64_t n_edges = first_edge_.back();
  graph_.edge_index.resize(2 * n_edges);
  graph_.edge_vectors.resize(3 * n_edges);
  for (std::int64_t node = 0; node < n_centers; ++node) {
    std::int64_t edge = first_edge_[node];
    for_each_neighbor(atom, list, atom_of_node_[node], [&](int neighbor, const double *vector) {
      graph_.edge_index[edge] = node;
      graph_.edge_index[n_edges + edge] = neighbor;
      for (int a = 0; a < 3; ++a) graph_.edge_vectors[3 * edge + a] = vector[a];
      ++edge;
    });
  }
}

}  // namespace eippot
