#include "training/half_pairs.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace eippot {

namespace {

/// Atoms whose features stay in the cache together.
constexpr std::int64_t atoms_together = 256;

/// Whether an edge stands for the two; from an atom to its own image, the vector decides.
template <class real>
bool stands_for_both(std::int64_t center, std::int64_t neighbor, const real *vector) {
  if (center != neighbor) return center < neighbor;
  for (int k = 2; k > 0; --k) {
    if (vector[k] != 0) return vector[k] > 0;
  }
  return vector[0] > 0;
}

}  // namespace

template <class real>
std::int64_t half_pairs(const EdgeList<real> &edges, double cutoff, int n_bins,
                        std::int64_t *order) {
  struct Place {
    std::int64_t edge, group;
  };
  std::vector<Place> places;
  places.reserve(edges.n / 2 + 1);
  std::vector<std::int64_t> starts((edges.n_atoms / atoms_together + 1) * n_bins + 1);
  for (std::int64_t e = 0; e < edges.n; ++e) {
    const real *vector = edges.vectors + 3 * e;
    if (!stands_for_both(edges.centers[e], edges.neighbors[e], vector)) continue;
    const double x = vector[0], y = vector[1], z = vector[2];
    const double distance = std::sqrt(x * x + y * y + z * z);
    if (!(distance < cutoff)) continue;
    const std::int64_t bin = static_cast<std::int64_t>(distance * n_bins / cutoff);
    const std::int64_t group =
        edges.centers[e] / atoms_together * n_bins + std::min(bin, n_bins - 1L);
    places.push_back({e, group});
    ++starts[group + 1];
  }
  for (std::size_t k = 1; k < starts.size(); ++k) starts[k] += starts[k - 1];
  for (const Place &place : places) order[starts[place.group]++] = place.edge;
  return static_cast<std::int64_t>(places.size());
}

template std::int64_t half_pairs(const EdgeList<float> &, double, int, std::int64_t *);
template std::int64_t half_pairs(const EdgeList<double> &, double, int, std::int64_t *);

}  // namespace eippot
