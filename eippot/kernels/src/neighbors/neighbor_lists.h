/// Neighbors of particles in open space, by cells.

#ifndef EIPPOT_NEIGHBOR_LISTS_H
#define EIPPOT_NEIGHBOR_LISTS_H

#include <array>
#include <cstdint>
#include <vector>

namespace eippot {

/// The neighbors of one particle.
struct Neighbors {
  const std::int32_t *particles;
  std::int32_t count;
};

/// One list of neighbors for each of several cutoffs. Memory is used again.
class NeighborLists {
 public:
  explicit NeighborLists(const std::vector<double> &cutoffs);

  /// Finds the neighbors of the particles whose `needs` is not 0; others have none. Returns whether
  /// these have no other particle at their own place.
  bool build(std::int32_t n, const double *coordinates, const std::int32_t *needs);

  std::int32_t n_lists() const { return static_cast<std::int32_t>(lists_.size()); }
  std::int32_t n_particles() const { return n_particles_; }
  double cutoff(std::int32_t list) const { return lists_[list].cutoff; }
  Neighbors neighbors(std::int32_t list, std::int32_t particle) const;

 private:
  struct List {
    double cutoff;
    std::vector<std::int64_t> first;      // (n + 1,)
    std::vector<std::int32_t> particles;  // as many as are used, and room for more
  };
  using Cell = std::array<std::int32_t, 3>;

  void choose_cells(const double *coordinates);
  void sort_into_cells(const double *coordinates);
  Cell cell_of(const double *place) const;
  std::size_t number_of(std::int32_t x, std::int32_t y, std::int32_t z) const;
  int add_neighbors(std::int32_t particle, const double *place);

  std::vector<List> lists_;
  double reach_;
  std::int32_t n_particles_ = 0;
  std::array<double, 3> lowest_, cells_per_length_;
  Cell n_cells_;
  std::vector<std::size_t> first_of_cell_;
  std::vector<std::int32_t> sorted_;   // particles, cell by cell
  std::vector<double> sorted_places_;  // (n, 3)
};

}  // namespace eippot

#endif
