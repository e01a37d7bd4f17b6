/// Rows of numbers, one row for each atom that LAMMPS holds on this rank, ghosts included.
///
/// The pair style sends them along LAMMPS' own ways between ranks: from owners to their ghosts
/// (forward), and from ghosts back to their owners, where they are summed (reverse).

#ifndef EIPPOT_ATOM_ROWS_H
#define EIPPOT_ATOM_ROWS_H

#include <algorithm>
#include <vector>

namespace eippot {

class AtomRows {
 public:
  /// All zero, for `n_atoms` = nlocal + nghost.
  void reset(int n_atoms, int width) {
    width_ = width;
    values_.assign(static_cast<std::size_t>(n_atoms) * width, 0.0);
  }

  int width() const { return width_; }

  double *operator[](int atom) { return values_.data() + static_cast<std::size_t>(atom) * width_; }
  const double *operator[](int atom) const {
    return values_.data() + static_cast<std::size_t>(atom) * width_;
  }

  // What LAMMPS asks of a pair style on the way; each returns the number of values in the buffer.

  int pack_forward(int n, const int *atoms, double *buffer) const {
    for (int k = 0; k < n; ++k) std::copy_n((*this)[atoms[k]], width_, buffer + k * width_);
    return n * width_;
  }

  void unpack_forward(int n, int first, const double *buffer) {
    std::copy_n(buffer, n * width_, (*this)[first]);
  }

  int pack_reverse(int n, int first, double *buffer) const {
    std::copy_n((*this)[first], n * width_, buffer);
    return n * width_;
  }

  void unpack_reverse(int n, const int *atoms, const double *buffer) {
    for (int k = 0; k < n; ++k) {
      double *row = (*this)[atoms[k]];
      for (int c = 0; c < width_; ++c) row[c] += buffer[k * width_ + c];
    }
  }

 private:
  int width_ = 0;
  std::vector<double> values_;  // (nlocal + nghost, width)
};

}  // namespace eippot

#endif
