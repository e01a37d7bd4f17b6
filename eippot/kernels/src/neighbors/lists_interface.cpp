#include "neighbors/lists_interface.h"

#include "neighbors/neighbor_lists.h"

using eippot::NeighborLists;

void *eippot_neighbors_create(std::int32_t n_lists, const double *cutoffs) {
  return new NeighborLists({cutoffs, cutoffs + n_lists});
}

void eippot_neighbors_destroy(void *lists) {
  delete static_cast<NeighborLists *>(lists);
}

std::int32_t eippot_neighbors_build(void *lists, std::int32_t n, const double *coordinates,
                                    const std::int32_t *needs) {
  return static_cast<NeighborLists *>(lists)->build(n, coordinates, needs) ? 0 : 1;
}

int eippot_neighbors_get(const void *lists, int n_lists, const double *cutoffs, int list,
                         int particle, int *count, const int **neighbors) {
  const auto &all = *static_cast<const NeighborLists *>(lists);
  if (list < 0 || list >= n_lists || list >= all.n_lists() || particle < 0 ||
      particle >= all.n_particles() || cutoffs[list] > all.cutoff(list)) {
    return 1;
  }
  const eippot::Neighbors found = all.neighbors(list, particle);
  *count = found.count;
  *neighbors = found.particles;
  return 0;
}
