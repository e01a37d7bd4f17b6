#include "neighbors/neighbor_lists.h"

#include <algorithm>

namespace eippot {

namespace {

/// Square of the distance below which two particles are at one place [Å²].
constexpr double one_place = 1e-10;

/// Cells are at least so wide [Å].
constexpr double narrowest = 1.0;

}  // namespace

NeighborLists::NeighborLists(const std::vector<double> &cutoffs)
    : reach_(*std::max_element(cutoffs.begin(), cutoffs.end())) {
  for (double cutoff : cutoffs) lists_.push_back({cutoff, {0}, {}});
}

bool NeighborLists::build(std::int32_t n, const double *coordinates, const std::int32_t *needs) {
  n_particles_ = n;
  for (List &list : lists_) list.first.assign(n + 1, 0);
  if (n == 0) return true;
  choose_cells(coordinates);
  sort_into_cells(coordinates);
  bool is_alone = true;
  for (std::int32_t i = 0; i < n; ++i) {
    for (List &list : lists_) list.first[i + 1] = list.first[i];
    if (needs[i]) is_alone &= add_neighbors(i, coordinates + 3 * i) == 0;
  }
  return is_alone;
}

Neighbors NeighborLists::neighbors(std::int32_t list, std::int32_t particle) const {
  const std::int64_t *first = lists_[list].first.data() + particle;
  return {lists_[list].particles.data() + first[0], static_cast<std::int32_t>(first[1] - first[0])};
}

/// As wide as the longest cutoff, or wider where that would be more cells than particles.
void NeighborLists::choose_cells(const double *coordinates) {
  std::array<double, 3> highest;
  for (int k = 0; k < 3; ++k) lowest_[k] = highest[k] = coordinates[k];
  for (std::int64_t i = 0; i < n_particles_; ++i) {
    for (int k = 0; k < 3; ++k) {
      lowest_[k] = std::min(lowest_[k], coordinates[3 * i + k]);
      highest[k] = std::max(highest[k], coordinates[3 * i + k]);
    }
  }
  const double most = n_particles_;
  double width = std::max(reach_, narrowest), total;
  do {
    total = 1.0;
    for (int k = 0; k < 3; ++k) {
      const double extent = highest[k] - lowest_[k];
      const double cells = std::max(1.0, std::min(extent / width, most));
      n_cells_[k] = static_cast<std::int32_t>(cells);
      cells_per_length_[k] = extent > 0.0 ? n_cells_[k] / extent : 0.0;
      total *= n_cells_[k];
    }
    width *= 1.5;
  } while (total > most);
}

void NeighborLists::sort_into_cells(const double *coordinates) {
  first_of_cell_.assign(number_of(n_cells_[0], 0, 0) + 1, 0);
  std::vector<std::size_t> cells(n_particles_);
  for (std::int32_t i = 0; i < n_particles_; ++i) {
    const Cell cell = cell_of(coordinates + 3 * i);
    cells[i] = number_of(cell[0], cell[1], cell[2]);
    ++first_of_cell_[cells[i] + 1];
  }
  for (std::size_t c = 1; c < first_of_cell_.size(); ++c)
    first_of_cell_[c] += first_of_cell_[c - 1];
  sorted_.resize(n_particles_);
  sorted_places_.resize(3 * static_cast<std::size_t>(n_particles_));
  std::vector<std::size_t> next(first_of_cell_.begin(), first_of_cell_.end() - 1);
  for (std::int32_t i = 0; i < n_particles_; ++i) {
    const std::size_t place = next[cells[i]]++;
    sorted_[place] = i;
    std::copy_n(coordinates + 3 * static_cast<std::size_t>(i), 3, &sorted_places_[3 * place]);
  }
}

NeighborLists::Cell NeighborLists::cell_of(const double *place) const {
  Cell cell;
  for (int k = 0; k < 3; ++k) {
    const double along = (place[k] - lowest_[k]) * cells_per_length_[k];
    cell[k] = static_cast<std::int32_t>(std::min(std::max(0.0, along), n_cells_[k] - 1.0));
  }
  return cell;
}

std::size_t NeighborLists::number_of(std::int32_t x, std::int32_t y, std::int32_t z) const {
  return (static_cast<std::size_t>(x) * n_cells_[1] + y) * n_cells_[2] + z;
}

/// Returns how many others are at the same place.
int NeighborLists::add_neighbors(std::int32_t particle, const double *place) {
  const Cell cell = cell_of(place);
  Cell first, last;
  for (int k = 0; k < 3; ++k) {
    first[k] = std::max(cell[k] - 1, 0);
    last[k] = std::min(cell[k] + 1, n_cells_[k] - 1);
  }
  int others_here = 0;
  for (std::int32_t x = first[0]; x <= last[0]; ++x) {
    for (std::int32_t y = first[1]; y <= last[1]; ++y) {
      // cells that follow one another along z are one run of particles
      const std::size_t begin = first_of_cell_[number_of(x, y, first[2])];
      const std::size_t end = first_of_cell_[number_of(x, y, last[2]) + 1];
      for (List &list : lists_) {
        std::int64_t used = list.first[particle + 1];
        list.particles.resize(std::max(list.particles.size(), used + end - begin));
        std::int32_t *particles = list.particles.data();
        const double square = list.cutoff * list.cutoff;
        int here = 0;
        for (std::size_t s = begin; s < end; ++s) {
          const double *other = &sorted_places_[3 * s];
          const double dx = other[0] - place[0], dy = other[1] - place[1], dz = other[2] - place[2];
          const double distance = dx * dx + dy * dy + dz * dz;
          const bool is_other = sorted_[s] != particle;
          particles[used] = sorted_[s];  // stays if it is counted
          used += is_other & (distance < square);
          here += is_other & (distance < one_place);
        }
        list.first[particle + 1] = used;
        others_here += here;
      }
    }
  }
  return others_here;
}

}  // namespace eippot
