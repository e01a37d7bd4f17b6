/// The one entry of libeippot_pair.so, called by the plugin that LAMMPS loads at its start.

#include "pair_eippot.h"

extern "C" __attribute__((visibility("default"))) LAMMPS_NS::Pair *eippot_create_pair(
    LAMMPS_NS::LAMMPS *lammps) {
  return new LAMMPS_NS::PairEippot(lammps);
}
