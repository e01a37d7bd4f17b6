#include "common/radial_forces.h"

#include <algorithm>

namespace eippot {

template <class real>
void sum_forces(const std::vector<Neighbor> &neighbors, const real *slopes, int center,
                const EnergiesAndForces &results) {
  double force[3] = {}, products[6] = {};
  for (const Neighbor &neighbor : neighbors) {
    const double *r = neighbor.vector;
    const double slope = *slopes++;
    const double fx = slope * r[0], fy = slope * r[1], fz = slope * r[2];
    force[0] += fx;
    force[1] += fy;
    force[2] += fz;
    products[0] += fx * r[0];
    products[1] += fy * r[1];
    products[2] += fz * r[2];
    products[3] += fx * r[1];
    products[4] += fx * r[2];
    products[5] += fy * r[2];
  }
  std::copy_n(force, 3, results.forces + 3L * center);
  for (int k = 0; k < 6 && results.virials; ++k)
    results.virials[6L * center + k] = -0.5 * products[k];
}

/// Slopes are put back into the order of the lists, in which all arrays are read one after the
/// other.
template <class real>
void sum_radial_forces(const Neighborhoods &around, Block block, SortedEdges<real> &edges,
                       std::vector<Neighbor> &neighbors, std::vector<real> &slopes,
                       const EnergiesAndForces &results) {
  const real factor = edges.bins_per_length() * edges.bins_per_length();
  const EdgeRange<real> sorted = edges[block];
  slopes.assign(edges.n_listed(block), real{});
  for (int e = 0; e < sorted.n; ++e) {
    const Edge<real> &edge = sorted.edges[e];
    if (edge.coordinate > 0) slopes[edge.index] = edge.derivative * factor / edge.coordinate;
  }
  const real *of_center = slopes.data();
  for (int center = block.begin; center < block.end; ++center) {
    around.find(center, neighbors);
    sum_forces(neighbors, of_center, center, results);
    of_center += neighbors.size();
  }
}

template void sum_forces(const std::vector<Neighbor> &, const float *, int,
                         const EnergiesAndForces &);
template void sum_forces(const std::vector<Neighbor> &, const double *, int,
                         const EnergiesAndForces &);

template void sum_radial_forces(const Neighborhoods &, Block, SortedEdges<float> &,
                                std::vector<Neighbor> &, std::vector<float> &,
                                const EnergiesAndForces &);
template void sum_radial_forces(const Neighborhoods &, Block, SortedEdges<double> &,
                                std::vector<Neighbor> &, std::vector<double> &,
                                const EnergiesAndForces &);

}  // namespace eippot
