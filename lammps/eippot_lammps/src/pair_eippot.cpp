#include "pair_eippot.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include "atom.h"
#include "citeme.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "update.h"
#include "utils.h"

namespace LAMMPS_NS {

namespace {

constexpr double boltzmann_in_ev = 8.617343e-5;  // eV/K, the value of LAMMPS' metal units

std::string joined(const std::vector<std::string> &words) {
  std::string text;
  for (const auto &word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

PairEippot::PairEippot(LAMMPS *lmp) : Pair(lmp) {
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  no_virial_fdotr_compute = 1;
  centroidstressflag = CENTROID_NOTAVAIL;
  comm_forward = 1;  // the owner's index
}

PairEippot::~PairEippot() {
  if (!allocated) return;
  memory->destroy(setflag);
  memory->destroy(cutsq);
}

// ---- the input script ----

void PairEippot::settings(int narg, char **arg) {
  if (narg > 0)
    error->all(FLERR,
               "Pair style eippot takes no arguments, got '{}'; the model file belongs to "
               "pair_coeff: 'pair_coeff * * model.pt Si'",
               arg[0]);
  if (comm->nprocs > 1)
    error->all(FLERR,
               "Pair style eippot runs on one MPI rank in this version, got {} ranks; start "
               "LAMMPS without mpirun, and set OMP_NUM_THREADS to use several cores",
               comm->nprocs);
  if (std::strcmp(update->unit_style, "lj") == 0)
    error->all(FLERR,
               "Pair style eippot needs units with a length and an energy, got 'units lj'; "
               "use 'units metal'");
}

void PairEippot::coeff(int narg, char **arg) {
  if (narg < 3 || std::strcmp(arg[0], "*") != 0 || std::strcmp(arg[1], "*") != 0)
    error->all(FLERR,
               "Expected 'pair_coeff * * model.pt' and one chemical symbol per atom type for "
               "pair style eippot");
  // nothing is kept before all of it is known to be right
  auto model = open_model(arg[2]);
  auto species = species_of_types(model->metadata(), narg - 3, arg + 3);
  const auto self_test = checked_self_test(*model);
  model_ = std::move(model);
  species_of_type_ = std::move(species);
  mark_covered_types();
  announce(arg[2], self_test);
}

std::unique_ptr<eippot::ExportedModel> PairEippot::open_model(const std::string &name) const {
  const std::string path = utils::get_potential_file_path(name);
  if (path.empty())
    error->all(FLERR,
               "Cannot find the model file '{}' of pair style eippot, neither here nor in "
               "the folders of LAMMPS_POTENTIALS; write one with 'eippot export'",
               name);
  try {
    return std::make_unique<eippot::ExportedModel>(path);
  } catch (const eippot::ModelError &failure) {
    error->all(FLERR, "Pair style eippot: {}", failure.what());
  }
}

/// (ntypes + 1,) index into the model's species, from one symbol per atom type.
std::vector<int> PairEippot::species_of_types(const eippot::ModelMetadata &model, int n_symbols,
                                              char **symbols) const {
  if (n_symbols != atom->ntypes)
    error->all(FLERR,
               "Expected one chemical symbol after the model file for each of the {} atom "
               "types in pair_coeff of pair style eippot, got {}",
               atom->ntypes, n_symbols);
  std::vector<int> species(1, -1);  // types count from 1
  for (int k = 0; k < n_symbols; ++k) species.push_back(species_index(model, symbols[k]));
  return species;
}

/// Index into the model's species; -1 for NULL.
int PairEippot::species_index(const eippot::ModelMetadata &model, const std::string &symbol) const {
  if (symbol == "NULL") {
    if (utils::strmatch(force->pair_style, "^hybrid")) return -1;
    error->all(FLERR,
               "NULL in pair_coeff of pair style eippot leaves atoms without a potential; "
               "it is allowed only under 'pair_style hybrid' or 'pair_style hybrid/overlay'");
  }
  const auto &known = model.species;
  const auto found = std::find(known.begin(), known.end(), symbol);
  if (found == known.end())
    error->all(FLERR, "The model of pair style eippot does not know the element '{}'; it knows: {}",
               symbol, joined(known));
  return static_cast<int>(found - known.begin());
}

/// Reproduces the reference structure that the file carries; a wrong answer ends the run.
eippot::SelfTest PairEippot::checked_self_test(const eippot::ExportedModel &model) const {
  eippot::SelfTest report;
  try {
    report = model.self_test();
  } catch (const eippot::ModelError &failure) {
    error->all(FLERR, "Pair style eippot: the model's self-test failed: {}", failure.what());
  }
  if (!report.passed)
    error->all(FLERR,
               "Pair style eippot: the model does not reproduce the self-test in its own "
               "file (energy off by {:.2g} eV, forces by {:.2g} eV/Angstrom, virial by {:.2g} eV); "
               "export it again, and rebuild the plugin with 'eippot lammps build --force'",
               report.energy_error, report.force_error, report.virial_error);
  return report;
}

/// Tells LAMMPS which pairs of atom types this style is for.
void PairEippot::mark_covered_types() {
  const int n = atom->ntypes + 1;
  if (!allocated) {
    memory->create(setflag, n, n, "pair:setflag");
    memory->create(cutsq, n, n, "pair:cutsq");
    allocated = 1;
  }
  for (int i = 1; i < n; ++i)
    for (int j = 1; j < n; ++j)
      setflag[i][j] = species_of_type_[i] >= 0 && species_of_type_[j] >= 0;
}

void PairEippot::announce(const std::string &name, const eippot::SelfTest &self_test) {
  const auto &model = model_->metadata();
  if (!model.citation.empty() && lmp->citeme)
    lmp->citeme->add("eippot model: " + model.citation + "\n\n");
  if (comm->me != 0) return;
  std::string types;
  for (int type = 1; type <= atom->ntypes; ++type) {
    const int species = species_of_type_[type];
    types += fmt::format(" {}={}", type, species < 0 ? "NULL" : model.species[species]);
  }
  utils::logmesg(
      lmp,
      "eippot model {}\n"
      "  architecture  {}, exported by eippot {}\n"
      "  atom types   {}\n"
      "  precision     {}, {} thread(s)\n"
      "  cutoff        {} Angstrom, interaction range {} Angstrom\n"
      "  self-test     passed: energy to {:.1e} eV, forces to {:.1e} eV/Angstrom, virial "
      "to {:.1e} eV\n",
      name, model.architecture, model.eippot_version, types, model.dtype, comm->nthreads,
      model.cutoff, model.interaction_range, self_test.energy_error, self_test.force_error,
      self_test.virial_error);
}

// ---- set-up of a run ----

void PairEippot::init_style() {
  length_unit_ = force->angstrom;
  energy_unit_ = force->boltz / boltzmann_in_ev;
  neighbors_.configure(model_->metadata().cutoff, length_unit_, species_of_type_);
  model_->set_threads(comm->nthreads);
  neighbor->add_request(this, NeighConst::REQ_FULL);
  warn_about_excluded_pairs();
}

double PairEippot::init_one(int, int) {
  return model_->metadata().cutoff * length_unit_;
}

/// LAMMPS drops bonded pairs from neighbor lists by default; the model needs every pair.
void PairEippot::warn_about_excluded_pairs() {
  bool excluded = false;
  for (int k = 1; k <= 3; ++k)
    excluded = excluded || (force->special_lj[k] == 0.0 && force->special_coul[k] == 0.0);
  if (excluded && atom->nbonds > 0 && comm->me == 0)
    error->warning(FLERR,
                   "special_bonds removes bonded pairs that the model of pair style eippot "
                   "needs; use 'special_bonds lj/coul 1 1 1' if it covers bonded atoms");
}

// ---- a step ----

void PairEippot::compute(int eflag, int vflag) {
  ev_init(eflag, vflag);
  find_owners();
  neighbors_.build(*atom, *list, owner_);
  evaluate_model();
  add_forces();
  if (eflag_either) add_energies();
  if (vflag_either) add_virial();
}

/// Owned atoms tell their ghosts who they are. No atom map is needed, and atom IDs may have gaps.
void PairEippot::find_owners() {
  owner_.resize(atom->nlocal + atom->nghost);
  std::iota(owner_.begin(), owner_.begin() + atom->nlocal, 0);
  comm->forward_comm(this);
}

int PairEippot::pack_forward_comm(int n, int *atoms, double *buffer, int, int *) {
  for (int k = 0; k < n; ++k) buffer[k] = owner_[atoms[k]];
  return n;
}

void PairEippot::unpack_forward_comm(int n, int first, double *buffer) {
  for (int k = 0; k < n; ++k) owner_[first + k] = static_cast<int>(buffer[k]);
}

void PairEippot::evaluate_model() {
  try {
    model_->evaluate(neighbors_.graph(), result_);
  } catch (const eippot::ModelError &failure) {
    error->one(FLERR, "Pair style eippot at step {}: {}", update->ntimestep, failure.what());
  }
  const auto &energies = result_.atomic_energies;
  if (!std::isfinite(std::accumulate(energies.begin(), energies.end(), 0.0)))
    error->one(FLERR,
               "Pair style eippot: the energy at step {} is not finite; two atoms may be far "
               "too close: check the start structure, and try a smaller timestep",
               update->ntimestep);
}

void PairEippot::add_forces() {
  const auto &graph = neighbors_.graph();
  const double unit = energy_unit_ / length_unit_;
  for (std::int64_t edge = 0; edge < graph.n_edges(); ++edge) {
    double *f_center = atom->f[neighbors_.atom_of_node(graph.center(edge))];
    double *f_neighbor = atom->f[neighbors_.atom_of_node(graph.neighbor(edge))];
    for (int a = 0; a < 3; ++a) {
      const double g = unit * result_.edge_gradient[3 * edge + a];
      f_center[a] += g;
      f_neighbor[a] -= g;
    }
  }
}

void PairEippot::add_energies() {
  for (std::int64_t node = 0; node < neighbors_.graph().n_atoms(); ++node) {
    const double energy = energy_unit_ * result_.atomic_energies[node];
    if (eflag_global) eng_vdwl += energy;
    if (eflag_atom) eatom[neighbors_.atom_of_node(node)] += energy;
  }
}

/// W = -sum r (x) g, in LAMMPS' order xx, yy, zz, xy, xz, yz; per atom, half to each end of an
/// edge.
void PairEippot::add_virial() {
  const auto &graph = neighbors_.graph();
  for (std::int64_t edge = 0; edge < graph.n_edges(); ++edge) {
    const double *r = &graph.edge_vectors[3 * edge];
    const double *g = &result_.edge_gradient[3 * edge];
    const double w[6] = {r[0] * g[0],
                         r[1] * g[1],
                         r[2] * g[2],
                         0.5 * (r[0] * g[1] + r[1] * g[0]),
                         0.5 * (r[0] * g[2] + r[2] * g[0]),
                         0.5 * (r[1] * g[2] + r[2] * g[1])};
    const int ends[2] = {neighbors_.atom_of_node(graph.center(edge)),
                         neighbors_.atom_of_node(graph.neighbor(edge))};
    for (int k = 0; k < 6; ++k) {
      const double part = -energy_unit_ * w[k];
      if (vflag_global) virial[k] += part;
      if (vflag_atom)
        for (const int end : ends) vatom[end][k] += 0.5 * part;
    }
  }
}

}  // namespace LAMMPS_NS
