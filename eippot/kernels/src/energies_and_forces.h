/// What an engine finds, and how forces follow from derivatives by distances.

#ifndef EIPPOT_ENERGIES_AND_FORCES_H
#define EIPPOT_ENERGIES_AND_FORCES_H

#include "neighborhoods.h"

namespace eippot {

/// Where results go: the caller's arrays.
struct EnergiesAndForces {
  double *energies =
      nullptr;                ///< (n_centers,) [eV]; an isolated atom has isolated_energies exactly
  double *forces = nullptr;   ///< (n_centers, 3) [eV/Angstrom], of the energy of all processes
  double *virials = nullptr;  ///< (n_centers, 6) xx yy zz xy xz yz of -1/2 sum over neighbors of
                              ///< r (x) dE/dr [eV], as LAMMPS has it; nullptr if not wanted
};

/// Force and virial of one center, from dE/dr / r [eV/Angstrom^2] of its edges, E being the energy
/// of all atoms as a function of the distance of the pair.
template <class real>
void sum_forces(const Neighborhoods<real> &around, int center, const real *slopes,
                const EnergiesAndForces &results);

}  // namespace eippot

#endif
