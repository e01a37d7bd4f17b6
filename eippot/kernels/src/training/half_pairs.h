/// One edge of each two that lead back and forth, in the order in which the kernels of pairs like
/// them.

#ifndef EIPPOT_HALF_PAIRS_H
#define EIPPOT_HALF_PAIRS_H

#include <cstdint>

namespace eippot {

/// Edges in both directions.
template <class real>
struct EdgeList {
  std::int64_t n;
  const std::int64_t *centers, *neighbors;  ///< (n,)
  const real *vectors;                      ///< (n, 3)
  std::int64_t n_atoms;
};

/// Writes the indices of every other edge shorter than the cutoff to `order` (n,), and returns how
/// many these are. Atoms that stand together in the list come together, and among their edges those
/// in the same one of `n_bins` pieces of the distance.
template <class real>
std::int64_t half_pairs(const EdgeList<real> &edges, double cutoff, int n_bins,
                        std::int64_t *order);

}  // namespace eippot

#endif
