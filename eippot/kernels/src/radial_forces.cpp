#include "radial_forces.h"

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

template void sum_forces(const std::vector<Neighbor> &, const float *, int,
                         const EnergiesAndForces &);
template void sum_forces(const std::vector<Neighbor> &, const double *, int,
                         const EnergiesAndForces &);

}  // namespace eippot
