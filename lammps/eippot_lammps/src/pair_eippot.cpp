#include "pair_eippot.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "atom.h"
#include "citeme.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neighbor.h"
#include "universe.h"
#include "utils.h"

namespace LAMMPS_NS {

namespace {

constexpr double boltzmann_in_ev = 8.617343e-5;  // eV/K, the value of LAMMPS' metal units

std::string joined(const std::vector<eippot::Text> &words) {
  std::string text;
  for (const auto &word : words) text += (text.empty() ? "" : " ") + word.str();
  return text;
}

}  // namespace

PairEippot::PairEippot(LAMMPS *lmp) : Pair(lmp) {
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  no_virial_fdotr_compute = 1;
  centroidstressflag = CENTROID_AVAIL;
}

PairEippot::~PairEippot() {
  if (!allocated) return;
  memory->destroy(setflag);
  memory->destroy(cutsq);
}

// ---- the input script ----

void PairEippot::coeff(int narg, char **arg) {
  if (narg < 3 || std::strcmp(arg[0], "*") != 0 || std::strcmp(arg[1], "*") != 0)
    error->all(FLERR,
               "Expected 'pair_coeff * * model.pt' and one chemical symbol per atom type for "
               "pair style eippot");
  // nothing is kept before all of it is known to be right
  std::unique_ptr<eippot::ExportedModel> model;
  std::unique_ptr<eippot::CompressedModel> compressed;
  eippot::SelfTest self_test;
  std::string without_engine;
  const int rank_here = local_rank();
  on_all_ranks([&] {
    model = std::make_unique<eippot::ExportedModel>(path_of(arg[2]), rank_here);
    require_passed(self_test = eippot::self_test(*model));
    require_exchanges(self_test, model->metadata());
    if (model->metadata().table_bins == 0) return;
    try {
      compressed = eippot::CompressedModel::create(*model);
    } catch (const eippot::NoEngine &reason) {
      without_engine = reason.what();
      return;
    }
    require_passed(self_test = eippot::self_test(*model, *compressed));
  });
  species_of_type_ = species_of_types(model->metadata(), narg - 3, arg + 3);
  model_ = std::move(model);
  compressed_ = std::move(compressed);
  without_engine_ = without_engine;
  self_test_ = self_test;
  centroidstressflag = compressed_ ? CENTROID_NOTAVAIL : CENTROID_AVAIL;
  mark_covered_types();
  announce(arg[2]);
}

/// Does what may fail on one rank alone, such as to read a file; a failure ends the run on all.
template <typename Action>
void PairEippot::on_all_ranks(Action action) const {
  std::string failure;
  try {
    action();
  } catch (const eippot::ModelError &error) {
    const auto where = comm->nprocs > 1 ? fmt::format(" on rank {}", comm->me) : std::string();
    failure = fmt::format("Pair style eippot{}: {}", where, error.what());
  }
  int first = failure.empty() ? comm->nprocs : comm->me;
  MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, world);
  if (first == comm->nprocs) return;
  auto length = static_cast<int>(failure.size());
  MPI_Bcast(&length, 1, MPI_INT, first, world);
  failure.resize(length);
  MPI_Bcast(failure.data(), length, MPI_CHAR, first, world);
  error->all(FLERR, failure);
}

std::string PairEippot::path_of(const std::string &name) const {
  const std::string path = utils::get_potential_file_path(name);
  if (path.empty())
    throw eippot::ModelError("cannot find the model file '" + name +
                             "', neither here nor in the folders of LAMMPS_POTENTIALS; write one "
                             "with 'eippot export'");
  return path;
}

/// Number of ranks before this one on the same machine.
int PairEippot::local_rank() const {
  constexpr int size = MPI_MAX_PROCESSOR_NAME;
  int length = 0;
  char name[size] = {};
  MPI_Get_processor_name(name, &length);
  std::vector<char> names(static_cast<std::size_t>(size) * comm->nprocs);
  MPI_Allgather(name, size, MPI_CHAR, names.data(), size, MPI_CHAR, world);
  int count = 0;
  for (int rank = 0; rank < comm->me; ++rank)
    count += std::strncmp(name, &names[static_cast<std::size_t>(size) * rank], size) == 0;
  return count;
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
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const auto &name) { return name.str() == symbol; });
  if (found == known.end())
    error->all(FLERR, "The model of pair style eippot does not know the element '{}'; it knows: {}",
               symbol, joined(known));
  return static_cast<int>(found - known.begin());
}

void PairEippot::require_passed(const eippot::SelfTest &report) const {
  if (report.passed) return;
  throw eippot::ModelError(
      fmt::format("the model does not reproduce the self-test in its own file (energy off by "
                  "{:.2g} eV, forces by {:.2g} eV/Angstrom, virial by {:.2g} eV); export it again, "
                  "and rebuild the plugin with 'eippot lammps build --force'",
                  report.energy_error, report.force_error, report.virial_error));
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

void PairEippot::announce(const std::string &name) {
  const auto &model = model_->metadata();
  const auto citation = model.citation.str();
  if (!citation.empty() && lmp->citeme) lmp->citeme->add("eippot model: " + citation + "\n\n");
  if (comm->me != 0) return;
  warn_about_lonely_ranks();
  std::string types;
  for (int type = 1; type <= atom->ntypes; ++type) {
    const int species = species_of_type_[type];
    types += fmt::format(" {}={}", type, species < 0 ? "NULL" : model.species[species].str());
  }
  std::string engine = compressed_ ? ", compressed" : "";
  if (!without_engine_.empty()) engine = ", compressed, but without engine: " + without_engine_;
  utils::logmesg(
      lmp,
      "eippot model {}\n"
      "  architecture  {}, exported by eippot {}\n"
      "  atom types   {}\n"
      "  precision     {}, on {}, {} thread(s){}\n"
      "  cutoff        {} Angstrom, interaction range {} Angstrom\n"
      "  MPI           {}\n"
      "  self-test     passed: energy to {:.1e} eV, forces to {:.1e} eV/Angstrom, virial "
      "to {:.1e} eV\n",
      name, model.architecture.str(), model.eippot_version.str(), types, model.dtype.str(),
      model_->device().str(), comm->nthreads, engine, model.cutoff, model.interaction_range,
      communication(), self_test_.energy_error, self_test_.force_error, self_test_.virial_error);
}

/// An mpirun of another MPI starts LAMMPS several times instead of once on several ranks.
void PairEippot::warn_about_lonely_ranks() const {
  if (universe->nprocs > 1) return;
  for (const char *name : {"PMI_SIZE", "OMPI_COMM_WORLD_SIZE"}) {
    const char *size = std::getenv(name);
    if (size && std::atoi(size) > 1)
      error->warning(FLERR,
                     "mpirun started {} processes, but each of them is a LAMMPS of its own: it "
                     "belongs to another MPI; 'eippot lammps doctor' names the right one",
                     size);
  }
}

/// How ranks work together, in words.
std::string PairEippot::communication() const {
  const auto &model = model_->metadata();
  if (comm->nprocs == 1) return "one rank, ghosts are folded to their owners";
  const auto ghosts = fmt::format("{} ranks, ghosts up to {} Angstrom", comm->nprocs,
                                  std::max(model.cutoff, model.ghost_range));
  if (has_extended_ghosts()) return ghosts + ", which are evaluated with their neighbors";
  if (self_test_.n_exchanges == 0) return ghosts;
  return ghosts + fmt::format(", {} exchanges of up to {} bytes per atom", self_test_.n_exchanges,
                              self_test_.exchange_bytes);
}

// ---- set-up of a run ----

void PairEippot::init_style() {
  length_unit_ = force->angstrom;
  energy_unit_ = force->boltz / boltzmann_in_ev;
  neighbors_.configure(model_->metadata().cutoff, length_unit_, species_of_type_,
                       has_extended_ghosts());
  model_->set_threads(comm->nthreads);
  neighbor->add_request(this, has_extended_ghosts() ? NeighConst::REQ_FULL | NeighConst::REQ_GHOST
                                                    : NeighConst::REQ_FULL);
  announce_communication(virial_width);
  if (has_extended_ghosts()) extend_ghosts();
  warn_about_excluded_pairs();
}

double PairEippot::init_one(int, int) {
  return model_->metadata().cutoff * length_unit_;
}

/// Whether ghosts have to be evaluated with their neighbors, since features are not all that a
/// model needs of them. On one rank the owners are at hand.
bool PairEippot::has_extended_ghosts() const {
  const auto &model = model_->metadata();
  return comm->nprocs > 1 && model.ghost_range > model.cutoff;
}

/// Whether features of ghosts come from other ranks.
bool PairEippot::has_messages() const {
  return comm->nprocs > 1 && !has_extended_ghosts();
}

/// Asks LAMMPS for ghosts beyond the cutoff, as `comm_modify cutoff` does.
void PairEippot::extend_ghosts() {
  if (comm->mode != Comm::SINGLE)
    error->all(FLERR,
               "The model of pair style eippot needs ghosts up to {} Angstrom, got "
               "'comm_modify mode multi'; use 'comm_modify mode single', or run on one rank",
               model_->metadata().ghost_range);
  comm->cutghostuser =
      std::max(comm->cutghostuser, model_->metadata().ghost_range * length_unit_ + neighbor->skin);
}

/// Tells LAMMPS, and the hybrid style that this one may be a part of, how many numbers of an atom
/// travel at a time, either way; buffers are made for that.
void PairEippot::announce_communication(int width) {
  for (Pair *pair : {static_cast<Pair *>(this), force->pair}) {
    if (!pair) continue;
    pair->comm_forward = std::max(pair->comm_forward, width);
    pair->comm_reverse = std::max(pair->comm_reverse, width);
    pair->comm_reverse_off = std::max(pair->comm_reverse_off, width);
  }
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

}  // namespace LAMMPS_NS
