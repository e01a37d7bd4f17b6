/// How forces follow from derivatives by distances.

#ifndef EIPPOT_RADIAL_FORCES_H
#define EIPPOT_RADIAL_FORCES_H

#include <vector>

#include "common/blocks.h"
#include "common/sorted_edges.h"
#include "engine/engine.h"

namespace eippot {

/// Force and virial of one center, from dE/dr / r [eV/Angstrom^2] of its edges, E being the energy
/// of all atoms as a function of the distance of the pair.
template <class real>
void sum_forces(const std::vector<Neighbor> &neighbors, const real *slopes, int center,
                const EnergiesAndForces &results);

/// Those of a block of centers, from the derivatives of its edges. `neighbors` and `slopes` are for
/// work.
template <class real>
void sum_radial_forces(const Neighborhoods &around, Block block, SortedEdges<real> &edges,
                       std::vector<Neighbor> &neighbors, std::vector<real> &slopes,
                       const EnergiesAndForces &results);

}  // namespace eippot

#endif
