/// What pair style eippot does in each step.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "pair_eippot.h"
#include "update.h"

namespace LAMMPS_NS {

namespace {

/// The six components of the symmetric part.
std::array<double, 6> symmetric(const std::array<double, 9> &w) {
  return {w[0], w[1], w[2], 0.5 * (w[3] + w[6]), 0.5 * (w[4] + w[7]), 0.5 * (w[5] + w[8])};
}

}  // namespace

void PairEippot::compute(int eflag, int vflag) {
  ev_init(eflag, vflag);
  if (neighbor->ago == 0) number_nodes();
  neighbors_.find_edges(*atom, *list);
  evaluating([&](NodeExchange *exchange) {
    if (compressed_)
      compressed_->evaluate(neighbors_.graph(), exchange, comm->nthreads, compressed_result_);
    else
      model_->evaluate(neighbors_.graph(), exchange, result_);
  });
  check_energies();
  add_forces();
  if (eflag_either) add_energies();
  if (vflag_global) add_virial();
  if (vflag_atom) add_atomic_virials();
  if (cvflag_atom) add_centroid_virials();
  if (wants_spread_) find_spread();
}

/// Owned atoms tell their ghosts who they are. No atom map is needed, and atom IDs may have gaps.
void PairEippot::number_nodes() {
  eippot::AtomRows origins;
  origins.reset(atom->nlocal + atom->nghost, 2);
  for (int i = 0; i < atom->nlocal; ++i) {
    origins[i][0] = comm->me;
    origins[i][1] = i;
  }
  send_to_ghosts(origins);
  neighbors_.number_nodes(*atom, *list, origins, comm->me);
}

/// Calls evaluate(way to the other ranks); a failure ends the run.
template <typename Evaluate>
void PairEippot::evaluating(Evaluate evaluate) {
  try {
    evaluate(comm->nprocs > 1 ? this : nullptr);
  } catch (const eippot::ModelError &failure) {
    error->one(FLERR, "Pair style eippot at step {}: {}", update->ntimestep, failure.what());
  }
}

/// (n_owned,) [eV]
const std::vector<double> &PairEippot::atomic_energies() const {
  return compressed_ ? compressed_result_.energies : result_.atomic_energies;
}

void PairEippot::check_energies() {
  const auto &energies = atomic_energies();
  if (!std::isfinite(std::accumulate(energies.begin(), energies.end(), 0.0)))
    error->one(FLERR,
               "Pair style eippot: the energy at step {} is not finite; two atoms may be far "
               "too close: check the start structure, and try a smaller timestep",
               update->ntimestep);
}

void PairEippot::add_forces() {
  const double unit = energy_unit_ / length_unit_;
  if (compressed_)
    add_to_owned(compressed_result_.forces, 3, unit, atom->f);
  else
    add_to_atoms(eippot::forces_on_nodes(neighbors_.graph(), result_), 3, unit, atom->f);
}

void PairEippot::add_energies() {
  for (std::int64_t node = 0; node < neighbors_.graph().n_owned; ++node) {
    const double energy = energy_unit_ * atomic_energies()[node];
    if (eflag_global) eng_vdwl += energy;
    if (eflag_atom) eatom[neighbors_.atom_of_node(node)] += energy;
  }
}

/// An edge's part of the virial W = -sum r (x) g [eV], in LAMMPS' order of nine components: xx, yy,
/// zz, xy, xz, yz, yx, zx, zy.
std::array<double, 9> PairEippot::edge_virial(std::int64_t edge) const {
  const double *r = &neighbors_.graph().edge_vectors[3 * edge];
  const double *g = &result_.edge_gradient[3 * edge];
  return {-r[0] * g[0], -r[1] * g[1], -r[2] * g[2], -r[0] * g[1], -r[0] * g[2],
          -r[1] * g[2], -r[1] * g[0], -r[2] * g[0], -r[2] * g[1]};
}

void PairEippot::add_virial() {
  if (compressed_) {
    const auto &virials = compressed_result_.virials;
    for (std::size_t k = 0; k < virials.size(); ++k) virial[k % 6] += energy_unit_ * virials[k];
    return;
  }
  for (std::int64_t edge = 0; edge < neighbors_.graph().n_edges(); ++edge) {
    const auto w = symmetric(edge_virial(edge));
    for (int k = 0; k < 6; ++k) virial[k] += energy_unit_ * w[k];
  }
}

/// For compute stress/atom: half of an edge to each end.
void PairEippot::add_atomic_virials() {
  if (compressed_) return add_to_owned(compressed_result_.virials, 6, energy_unit_, vatom);
  const auto &graph = neighbors_.graph();
  std::vector<double> virials(6 * graph.n_nodes(), 0.0);
  for (std::int64_t edge = 0; edge < graph.n_edges(); ++edge) {
    const auto w = symmetric(edge_virial(edge));
    for (const auto node : {graph.center(edge), graph.neighbor(edge)})
      for (int k = 0; k < 6; ++k) virials[6 * node + k] += 0.5 * w[k];
  }
  add_to_atoms(virials, 6, energy_unit_, vatom);
}

/// For compute centroid/stress/atom: all of an edge to the neighbor. The energy of an atom then
/// reaches the neighbor by the work of the force on it, as the heat flux has it; exactly if each
/// energy depends on the atom's own edges only (Fan et al., Phys. Rev. B 92, 094301, 2015).
void PairEippot::add_centroid_virials() {
  const auto &graph = neighbors_.graph();
  std::vector<double> virials(9 * graph.n_nodes(), 0.0);
  for (std::int64_t edge = 0; edge < graph.n_edges(); ++edge) {
    const auto w = edge_virial(edge);
    for (int k = 0; k < 9; ++k) virials[9 * graph.neighbor(edge) + k] += w[k];
  }
  add_to_atoms(virials, 9, energy_unit_, cvatom);
}

/// Adds rows (N, width) of nodes to LAMMPS' rows of atoms. What belongs to other ranks is left with
/// the ghosts, which LAMMPS then sums; with newton off it does not, so it is done here.
void PairEippot::add_to_atoms(const std::vector<double> &values, int width, double unit,
                              double **atoms) {
  copy_to_atoms(values.data(), width);
  if (comm->nprocs > 1 && !force->newton) send_to_owners(rows_);
  const int n = force->newton ? atom->nlocal + atom->nghost : atom->nlocal;
  for (int i = 0; i < n; ++i)
    for (int k = 0; k < width; ++k) atoms[i][k] += unit * rows_[i][k];
}

/// Adds rows (n_owned, width).
void PairEippot::add_to_owned(const std::vector<double> &values, int width, double unit,
                              double **atoms) {
  for (std::int64_t node = 0; node < neighbors_.graph().n_owned; ++node)
    for (int k = 0; k < width; ++k)
      atoms[neighbors_.atom_of_node(node)][k] += unit * values[node * width + k];
}

// ---- the spread of a committee, for fix pair ----

void *PairEippot::extract(const char *name, int &dimension) {
  dimension = 0;
  for (const char *known : {"energy_std_flag", "force_std_flag"})
    if (std::strcmp(name, known) == 0) return &wants_spread_;
  return nullptr;
}

void *PairEippot::extract_peratom(const char *name, int &columns) {
  columns = 0;
  if (!wants_spread_) return nullptr;  // nothing was computed
  if (std::strcmp(name, "energy_std") == 0) return energy_std_.data();
  if (std::strcmp(name, "force_std") == 0) return force_std_.data();
  return nullptr;
}

/// Standard deviations over the members: of each atom's energy, and of the force on it, the root of
/// the sum over its components.
void PairEippot::find_spread() {
  const auto &graph = neighbors_.graph();
  std::vector<eippot::Evaluation> members;
  evaluating([&](NodeExchange *exchange) { members = model_->evaluate_members(graph, exchange); });

  std::vector<eippot::AtomRows> said(members.size());  // energy and force (4)
  for (std::size_t m = 0; m < members.size(); ++m) {
    const auto forces = eippot::forces_on_nodes(graph, members[m]);
    std::vector<double> values(4 * graph.n_nodes(), 0.0);
    for (std::int64_t node = 0; node < graph.n_nodes(); ++node) {
      if (node < graph.n_owned) values[4 * node] = members[m].atomic_energies[node];
      std::copy_n(&forces[3 * node], 3, &values[4 * node + 1]);
    }
    copy_to_atoms(values.data(), 4);
    if (comm->nprocs > 1) send_to_owners(rows_);
    std::swap(said[m], rows_);
  }

  // never empty, since fix pair takes a null pointer for an unknown name
  energy_std_.assign(atom->nlocal + 1, 0.0);
  force_std_.assign(atom->nlocal + 1, 0.0);
  for (int i = 0; i < atom->nlocal; ++i) {
    const auto variance = [&](int k) {
      double mean = 0.0, squares = 0.0;
      for (const auto &rows : said) mean += rows[i][k] / said.size();
      for (const auto &rows : said) squares += (rows[i][k] - mean) * (rows[i][k] - mean);
      return squares / said.size();
    };
    energy_std_[i] = energy_unit_ * std::sqrt(variance(0));
    force_std_[i] =
        energy_unit_ / length_unit_ * std::sqrt(variance(1) + variance(2) + variance(3));
  }
}

// ---- between ranks ----

void PairEippot::to_ghosts(double *rows, int width) {
  copy_to_atoms(rows, width);
  send_to_ghosts(rows_);
  const auto &graph = neighbors_.graph();
  for (std::int64_t node = graph.n_owned; node < graph.n_nodes(); ++node)
    std::copy_n(rows_[neighbors_.atom_of_node(node)], width, rows + node * width);
}

void PairEippot::to_owners(double *rows, int width) {
  copy_to_atoms(rows, width);
  send_to_owners(rows_);
  const auto &graph = neighbors_.graph();
  for (std::int64_t node = 0; node < graph.n_owned; ++node)
    std::copy_n(rows_[neighbors_.atom_of_node(node)], width, rows + node * width);
  std::fill(rows + graph.n_owned * width, rows + graph.n_nodes() * width, 0.0);
}

/// Rows (N, width) of nodes as those of their atoms; zero for all others.
void PairEippot::copy_to_atoms(const double *rows, int width) {
  rows_.reset(atom->nlocal + atom->nghost, width);
  for (std::int64_t node = 0; node < neighbors_.graph().n_nodes(); ++node)
    std::copy_n(rows + node * width, width, rows_[neighbors_.atom_of_node(node)]);
}

void PairEippot::send_to_ghosts(eippot::AtomRows &rows) {
  travelling_ = &rows;
  const int widest = std::exchange(comm_forward, rows.width());
  comm->forward_comm(this);
  comm_forward = widest;
}

void PairEippot::send_to_owners(eippot::AtomRows &rows) {
  travelling_ = &rows;
  const int widest = comm_reverse;
  comm_reverse = comm_reverse_off = rows.width();  // LAMMPS takes the larger of the two
  comm->reverse_comm(this);
  comm_reverse = comm_reverse_off = widest;
}

int PairEippot::pack_forward_comm(int n, int *atoms, double *buffer, int, int *) {
  return travelling_->pack_forward(n, atoms, buffer);
}

void PairEippot::unpack_forward_comm(int n, int first, double *buffer) {
  travelling_->unpack_forward(n, first, buffer);
}

int PairEippot::pack_reverse_comm(int n, int first, double *buffer) {
  return travelling_->pack_reverse(n, first, buffer);
}

void PairEippot::unpack_reverse_comm(int n, int *atoms, double *buffer) {
  travelling_->unpack_reverse(n, atoms, buffer);
}

}  // namespace LAMMPS_NS
