/// Who is near whom, as the engine is told it.

#ifndef EIPPOT_NEIGHBORHOODS_H
#define EIPPOT_NEIGHBORHOODS_H

#include <algorithm>
#include <cstdint>
#include <vector>

namespace eippot {

struct Neighbor {
  std::int32_t node;
  double vector[3];  ///< r_neighbor - r_center [Angstrom]
};

/// N nodes. The first n_centers are atoms whose energies and forces are wanted, with full lists of
/// neighbors: each pair of centers is in both lists. Further nodes stand for atoms of other
/// processes.
class Neighborhoods {
 public:
  virtual ~Neighborhoods() = default;

  /// The neighbors of a center, in place of what was there. Some may be beyond the cutoff. Always
  /// the same ones in the same order during an evaluation, in which several threads ask.
  virtual void find(int center, std::vector<Neighbor> &neighbors) const = 0;

  /// How many of the centers begin ... end - 1 count; those that do not come last.
  int counted(int begin, int end) const {
    return std::clamp(n_centers - n_uncounted, begin, end) - begin;
  }

  /// Whether the energy of a node counts, here or in its own process.
  bool counts(int node) const { return node >= n_centers || node < n_centers - n_uncounted; }

  int n_centers = 0;
  int n_nodes = 0;                        ///< N >= n_centers
  int n_uncounted = 0;                    ///< centers at the end, which are there for the others'
                                          ///< sake: forces are those of the energies that count
  const std::int32_t *species = nullptr;  ///< (N,) in [0, S)
};

}  // namespace eippot

#endif
