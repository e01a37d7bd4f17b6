#include "neighbor_graph.h"

#include "atom.h"
#include "neigh_list.h"

namespace eippot {

struct NeighborGraph::Surroundings {
  const double *const *x;            // (nlocal + nghost, 3) positions, LAMMPS' units
  const int *type;                   // (nlocal + nghost,)   in [1, ntypes]
  int n_local;                       // owned atoms
  const int *owner;                  // (nlocal + nghost,)   in [0, nlocal)
  const LAMMPS_NS::NeighList &list;  // full: each owned atom with all its neighbors
};

void NeighborGraph::configure(double cutoff, double angstrom,
                              const std::vector<int> &species_of_type) {
  cutoff_squared_ = cutoff * cutoff;
  length_to_angstrom_ = 1.0 / angstrom;
  species_of_type_ = species_of_type;
}

void NeighborGraph::build(const LAMMPS_NS::Atom &atom, const LAMMPS_NS::NeighList &list,
                          const std::vector<int> &owner) {
  const Surroundings here{atom.x, atom.type, atom.nlocal, owner.data(), list};
  number_nodes(here);
  count_edges(here);
  fill_edges(here);
}

/// Nodes are the atoms of the list (under pair hybrid, a part of all) whose type has a species.
void NeighborGraph::number_nodes(const Surroundings &here) {
  atom_of_node_.clear();
  graph_.species.clear();
  node_of_atom_.assign(here.n_local, -1);
  for (int k = 0; k < here.list.inum; ++k) {
    const int atom = here.list.ilist[k];
    const int species = species_of_type_[here.type[atom]];
    if (species < 0) continue;
    node_of_atom_[atom] = static_cast<int>(atom_of_node_.size());
    atom_of_node_.push_back(atom);
    graph_.species.push_back(species);
  }
}

/// Calls action(node of the neighbor, edge vector [Angstrom]) for each neighbor within the cutoff;
/// the list itself also holds those in the skin.
template <typename Action>
void NeighborGraph::for_each_neighbor(const Surroundings &here, int atom, Action action) const {
  const double *center = here.x[atom];
  const int *neighbors = here.list.firstneigh[atom];
  for (int k = 0; k < here.list.numneigh[atom]; ++k) {
    const int neighbor = neighbors[k] & NEIGHMASK;  // the upper bits flag special bonds
    const int node = node_of_atom_[here.owner[neighbor]];
    if (node < 0) continue;
    const double *position = here.x[neighbor];
    const double vector[3] = {(position[0] - center[0]) * length_to_angstrom_,
                              (position[1] - center[1]) * length_to_angstrom_,
                              (position[2] - center[2]) * length_to_angstrom_};
    const double squared = vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2];
    if (squared < cutoff_squared_) action(node, vector);
  }
}

void NeighborGraph::count_edges(const Surroundings &here) {
  first_edge_.assign(1, 0);
  for (const int atom : atom_of_node_) {
    std::int64_t count = 0;
    for_each_neighbor(here, atom, [&](int, const double *) { ++count; });
    first_edge_.push_back(first_edge_.back() + count);
  }
}

void NeighborGraph::fill_edges(const Surroundings &here) {
  const std::int64_t n_edges = first_edge_.back();
  graph_.edge_index.resize(2 * n_edges);
  graph_.edge_vectors.resize(3 * n_edges);
  for (std::int64_t node = 0; node < graph_.n_atoms(); ++node) {
    std::int64_t edge = first_edge_[node];
    for_each_neighbor(here, atom_of_node_[node], [&](int neighbor, const double *vector) {
      graph_.edge_index[edge] = node;
      graph_.edge_index[n_edges + edge] = neighbor;
      for (int a = 0; a < 3; ++a) graph_.edge_vectors[3 * edge + a] = vector[a];
      ++edge;
    });
  }
}

}  // namespace eippot
