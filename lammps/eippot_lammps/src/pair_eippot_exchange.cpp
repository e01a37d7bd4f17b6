/// How pair style eippot carries rows of numbers between ranks.

#include <algorithm>
#include <utility>

#include "atom.h"
#include "comm.h"
#include "pair_eippot.h"

namespace LAMMPS_NS {

void PairEippot::to_ghosts(void *rows, int bytes) {
  eippot::NodeRows view(rows, bytes, neighbors_.node_of_atom(), neighbors_.n_centers);
  nodes_travelling_ = &view;
  send_forward(view.width());
  nodes_travelling_ = nullptr;
}

void PairEippot::to_owners(double *rows, int width) {
  copy_to_atoms(rows, width);
  send_to_owners(rows_);
  const int n_owned = neighbors_.n_centers;
  for (int node = 0; node < n_owned; ++node)
    std::copy_n(rows_[neighbors_.atom_of_node(node)], width, rows + node * width);
  std::fill(rows + n_owned * width, rows + neighbors_.n_nodes * width, 0.0);
}

/// Rows (N, width) of nodes as those of their atoms; zero for all others.
void PairEippot::copy_to_atoms(const double *rows, int width) {
  rows_.reset(atom->nlocal + atom->nghost, width);
  for (int node = 0; node < neighbors_.n_nodes; ++node)
    std::copy_n(rows + node * width, width, rows_[neighbors_.atom_of_node(node)]);
}

void PairEippot::send_to_ghosts(eippot::AtomRows &rows) {
  atoms_travelling_ = &rows;
  send_forward(rows.width());
}

void PairEippot::send_forward(int width) {
  const int widest = std::exchange(comm_forward, width);
  comm->forward_comm(this);
  comm_forward = widest;
}

void PairEippot::send_to_owners(eippot::AtomRows &rows) {
  atoms_travelling_ = &rows;
  const int widest = comm_reverse;
  comm_reverse = comm_reverse_off = rows.width();  // LAMMPS takes the larger of the two
  comm->reverse_comm(this);
  comm_reverse = comm_reverse_off = widest;
}

int PairEippot::pack_forward_comm(int n, int *atoms, double *buffer, int, int *) {
  return nodes_travelling_ ? nodes_travelling_->pack_forward(n, atoms, buffer)
                           : atoms_travelling_->pack_forward(n, atoms, buffer);
}

void PairEippot::unpack_forward_comm(int n, int first, double *buffer) {
  if (nodes_travelling_)
    nodes_travelling_->unpack_forward(n, first, buffer);
  else
    atoms_travelling_->unpack_forward(n, first, buffer);
}

int PairEippot::pack_reverse_comm(int n, int first, double *buffer) {
  return atoms_travelling_->pack_reverse(n, first, buffer);
}

void PairEippot::unpack_reverse_comm(int n, int *atoms, double *buffer) {
  atoms_travelling_->unpack_reverse(n, atoms, buffer);
}

}  // namespace LAMMPS_NS
