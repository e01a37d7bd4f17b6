/// How pair style eippot carries rows of numbers of atoms along LAMMPS' ways.

#include <algorithm>
#include <utility>

#include "atom.h"
#include "comm.h"
#include "pair_eippot.h"

namespace LAMMPS_NS {

/// Rows (N, width) of nodes as those of their atoms; zero for all others.
void PairEippot::copy_to_atoms(const double *rows, int width) {
  rows_.reset(atom->nlocal + atom->nghost, width);
  for (int node = 0; node < neighbors_.n_nodes; ++node)
    std::copy_n(rows + node * width, width, rows_[neighbors_.atom_of_node(node)]);
}

void PairEippot::send_to_ghosts(eippot::AtomRows &rows) {
  travelling_ = &rows;
  const int widest = std::exchange(comm_forward, rows.width());
  comm->forward_comm(this);
  comm_forward = widest;
}

void PairEippot::send_to_owners(eippot::AtomRows &rows) {
  travelling_ = &rows;
  const int widest = comm_reverse;
  comm_reverse = comm_reverse_off = rows.width();  // LAMMPS takes the larger of the two
  comm->reverse_comm(this);
  comm_reverse = comm_reverse_off = widest;
}

int PairEippot::pack_forward_comm(int n, int *atoms, double *buffer, int, int *) {
  return travelling_->pack_forward(n, atoms, buffer);
}

void PairEippot::unpack_forward_comm(int n, int first, double *buffer) {
  travelling_->unpack_forward(n, first, buffer);
}

int PairEippot::pack_reverse_comm(int n, int first, double *buffer) {
  return travelling_->pack_reverse(n, first, buffer);
}

void PairEippot::unpack_reverse_comm(int n, int *atoms, double *buffer) {
  travelling_->unpack_reverse(n, atoms, buffer);
}

}  // namespace LAMMPS_NS
