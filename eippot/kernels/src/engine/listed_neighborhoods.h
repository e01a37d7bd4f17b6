/// Lists of neighbors that stay while atoms move.

#ifndef EIPPOT_LISTED_NEIGHBORHOODS_H
#define EIPPOT_LISTED_NEIGHBORHOODS_H

#include "engine/neighborhoods.h"

namespace eippot {

/// Views of the caller's arrays.
class ListedNeighborhoods final : public Neighborhoods {
 public:
  const std::int64_t *first = nullptr;      ///< (n_centers + 1,) first edge of each center, and E
  const std::int32_t *neighbors = nullptr;  ///< (E,) nodes
  const double *offsets = nullptr;  ///< (E, 3) of the neighbor's image from the neighbor [Angstrom]
  const double *positions = nullptr;  ///< (N, 3) [Angstrom]

  void find(int center, std::vector<Neighbor> &found) const override {
    found.resize(first[center + 1] - first[center]);
    const std::int64_t begin = first[center];
    for (std::size_t k = 0; k < found.size(); ++k) {
      const std::int32_t node = neighbors[begin + k];
      found[k].node = node;
      for (int d = 0; d < 3; ++d)
        found[k].vector[d] =
            offsets[3 * (begin + k) + d] + positions[3L * node + d] - positions[3L * center + d];
    }
  }
};

}  // namespace eippot

#endif
