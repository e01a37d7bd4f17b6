/// Who is near whom, as the engine is told it: views of the caller's arrays.

#ifndef EIPPOT_NEIGHBORHOODS_H
#define EIPPOT_NEIGHBORHOODS_H

#include <cstdint>
#include <functional>

namespace eippot {

/// N nodes. The first n_centers are atoms whose energies and forces are wanted, with full lists of
/// neighbors: each pair of centers is in both lists. Further nodes stand for atoms of other
/// processes. Neighbors beyond the cutoff are skipped.
template <class real>
struct Neighborhoods {
  int n_centers = 0;
  int n_nodes = 0;                          ///< N >= n_centers
  const std::int32_t *species = nullptr;    ///< (N,) in [0, S)
  const std::int64_t *first = nullptr;      ///< (n_centers + 1,) first edge of each center, and E
  const std::int32_t *neighbors = nullptr;  ///< (E,) nodes
  const real *edge_vectors = nullptr;       ///< (E, 3) r_neighbor - r_center [Angstrom], or nullptr
  const double *positions = nullptr;        ///< (N, 3) [Angstrom], where edge_vectors is nullptr

  /// r_neighbor - r_center of an edge.
  inline void displacement(std::int64_t edge, int center, real *vector) const {
    for (int d = 0; d < 3; ++d) {
      vector[d] =
          edge_vectors
              ? edge_vectors[3 * edge + d]
              : static_cast<real>(positions[3L * neighbors[edge] + d] - positions[3L * center + d]);
    }
  }
};

/// Copies rows of nodes (N, width) from the processes that have them as centers to the further
/// nodes, n_centers ... N - 1. Empty if there are none.
template <class real>
using RowExchange = std::function<void(real *rows, int width)>;

}  // namespace eippot

#endif
