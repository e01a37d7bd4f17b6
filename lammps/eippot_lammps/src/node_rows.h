/// Rows of a model's nodes on their way to ghosts, in LAMMPS' buffers.

#ifndef EIPPOT_NODE_ROWS_H
#define EIPPOT_NODE_ROWS_H

#include <algorithm>
#include <cstring>
#include <vector>

namespace eippot {

/// A view of rows (N, bytes) of any kind of number. Ghosts of owned nodes are folded, so that they
/// have nothing to receive; atoms without a node leave their places in the buffers empty.
class NodeRows {
 public:
  /// `node_of_atom` (nlocal + nghost,) is -1 where there is no node.
  NodeRows(void *rows, int bytes, const std::vector<int> &node_of_atom, int n_owned)
      : rows_(static_cast<char *>(rows)),
        bytes_(bytes),
        node_of_atom_(node_of_atom),
        n_owned_(n_owned) {}

  /// Numbers of LAMMPS that have room for so many bytes.
  static int width_of(int bytes) { return (bytes + 7) / 8; }

  int width() const { return width_of(bytes_); }

  int pack_forward(int n, const int *atoms, double *buffer) const {
    for (int k = 0; k < n; ++k) {
      const int node = node_of_atom_[atoms[k]];
      double *place = buffer + static_cast<std::size_t>(k) * width();
      std::fill_n(place, width(), 0.0);
      if (node >= 0) std::memcpy(place, row(node), bytes_);
    }
    return n * width();
  }

  void unpack_forward(int n, int first, const double *buffer) {
    for (int k = 0; k < n; ++k) {
      const int node = node_of_atom_[first + k];
      if (node >= n_owned_)
        std::memcpy(row(node), buffer + static_cast<std::size_t>(k) * width(), bytes_);
    }
  }

 private:
  char *row(int node) const { return rows_ + static_cast<std::size_t>(node) * bytes_; }

  char *rows_;
  int bytes_;
  const std::vector<int> &node_of_atom_;
  int n_owned_;
};

}  // namespace eippot

#endif
