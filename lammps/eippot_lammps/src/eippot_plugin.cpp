/// Registers pair_style eippot with LAMMPS; loads the pair style itself, and with it torch, when an
/// input script asks for it.
///
/// A LAMMPS that runs without the pair style does not pay for torch, and a torch that cannot be
/// loaded is an error that says so, not an unknown pair style.

#include <dlfcn.h>

#include <string>

#include "error.h"
#include "lammps.h"
#include "pair.h"

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
using CreatePair = LAMMPS_NS::Pair *(*)(LAMMPS_NS::LAMMPS *);

/// Flags that keep torch's calls of BLAS within torch.
///
/// liblammps exports a plain BLAS of its own (dgemm_ and others), which the dynamic linker prefers
/// for every library loaded later; a float64 model would run at half its speed. RTLD_DEEPBIND makes
/// torch look at its own symbols first. It is left out where it would do harm: if the program holds
/// a copy of std::cerr, torch would write to the other one, which nobody has set up.
int torch_flags() {
  int flags = RTLD_NOW | RTLD_LOCAL;
#if defined(RTLD_DEEPBIND) && !defined(__SANITIZE_ADDRESS__)
  void *standard_library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_NOLOAD);
  const bool one_cerr =
      standard_library && dlsym(standard_library, "_ZSt4cerr") == dlsym(RTLD_DEFAULT, "_ZSt4cerr");
  if (one_cerr && dlsym(RTLD_DEFAULT, "dgemm_")) flags |= RTLD_DEEPBIND;
  if (standard_library) dlclose(standard_library);
#endif
  return flags;
}

/// Opens a library for good; both are found through this library's RPATH.
void *open_library(const char *name, int flags, LAMMPS_NS::LAMMPS *lammps) {
  if (void *library = dlopen(name, flags)) return library;
  const std::string reason = dlerror();
  lammps->error->all(FLERR, "Pair style eippot cannot be loaded: " + reason +
                                "; was torch upgraded, moved or removed? 'eippot lammps doctor' "
                                "tells, and 'eippot lammps build' builds anew");
}

LAMMPS_NS::Pair *create_pair_eippot(LAMMPS_NS::LAMMPS *lammps) {
  open_library("libtorch.so", torch_flags(), lammps);
  void *library = open_library("libeippot_pair.so", RTLD_NOW | RTLD_LOCAL, lammps);
  const auto create = reinterpret_cast<CreatePair>(dlsym(library, "eippot_create_pair"));
  return create(lammps);
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
