/// Registers pair_style eippot with LAMMPS when the shared library is loaded.

#include "lammps.h"
#include "pair_eippot.h"

namespace {

/// What LAMMPS' `plugin` command expects of a library; laid out as its developer guide says
/// ("Writing plugins"), because installed LAMMPS packages do not carry the header for it.
struct Registration {
  const char *lammps_version;  // that this library was compiled for
  const char *style;           // kind of style
  const char *name;            // in the input script
  const char *info;
  const char *author;
  void *creator;  // LAMMPS_NS::Pair *(*)(LAMMPS_NS::LAMMPS *) for a pair style
  void *handle;   // of the opened library
};
using Register = void (*)(Registration *, void *lammps);

LAMMPS_NS::Pair *create_pair_eippot(LAMMPS_NS::LAMMPS *lammps) {
  return new LAMMPS_NS::PairEippot(lammps);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void lammpsplugin_init(void *lammps, void *handle,
                                                                         void *register_plugin) {
  Registration plugin{EIPPOT_LAMMPS_VERSION,
                      "pair",
                      "eippot",
                      "pair style eippot " EIPPOT_VERSION,
                      "the eippot developers",
                      reinterpret_cast<void *>(&create_pair_eippot),
                      handle};
  reinterpret_cast<Register>(register_plugin)(&plugin, lammps);
}
