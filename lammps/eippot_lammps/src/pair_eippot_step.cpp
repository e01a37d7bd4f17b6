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

void PairEippot::compute(int eflag, int vflag) {
  ev_init(eflag, vflag);
  if (neighbor->ago == 0) number_nodes();
  evaluate();
  check_energies();
  add_to_atoms(results_.forces, 3, energy_unit_ / length_unit_, atom->f);
  if (eflag_either) add_energies();
  if (vflag_global) add_virial();
  if (vflag_atom) add_to_atoms(results_.virials, 6, energy_unit_, vatom);
  if (cvflag_atom) add_to_atoms(results_.centroid_virials, 9, energy_unit_, cvatom);
  find_doubts();
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
  if (has_messages()) messages_.plan(world, neighbors_);
}

void PairEippot::evaluate() {
  const eippot::Wanted wanted = {vflag_global != 0 || vflag_atom != 0, cvflag_atom != 0};
  evaluating([&](eippot::NodeExchange *exchange) {
    if (compressed_)
      return compressed_->evaluate(neighbors_, exchange, comm->nthreads, wanted, results_);
    const auto &graph = neighbors_.find_edges();
    model_->evaluate(graph, exchange, of_edges_);
    eippot::sum_edges(graph, of_edges_, wanted, results_);
  });
}

/// Calls action(way to the other ranks); a failure ends the run.
template <typename Action>
void PairEippot::evaluating(Action action) {
  try {
    action(has_messages() ? &messages_ : nullptr);
  } catch (const std::exception &failure) {
    error->one(FLERR, "Pair style eippot at step {}: {}", update->ntimestep, failure.what());
  }
}

void PairEippot::check_energies() {
  const auto &energies = results_.energies;
  if (!std::isfinite(std::accumulate(energies.begin(), energies.end(), 0.0)))
    error->one(FLERR,
               "Pair style eippot: the energy at step {} is not finite; two atoms may be far "
               "too close: check the start structure, and try a smaller timestep",
               update->ntimestep);
}

void PairEippot::add_energies() {
  for (int node = 0; node < neighbors_.n_centers; ++node) {
    const double energy = energy_unit_ * results_.energies[node];
    if (eflag_global) eng_vdwl += energy;
    if (eflag_atom) eatom[neighbors_.atom_of_node(node)] += energy;
  }
}

/// The sum over nodes; what stands at ghosts counts where it is.
void PairEippot::add_virial() {
  const auto &virials = results_.virials;
  for (std::size_t k = 0; k < virials.size(); ++k) virial[k % 6] += energy_unit_ * virials[k];
}

/// Adds rows (rows, width) of nodes to LAMMPS' rows of atoms. What belongs to other ranks is left
/// with the ghosts, which LAMMPS then sums; with newton off it does not, so it is done here.
void PairEippot::add_to_atoms(const std::vector<double> &values, int width, double unit,
                              double **atoms) {
  const auto n_rows = static_cast<int>(values.size()) / width;
  const bool complete = n_rows == neighbors_.n_centers;
  if (comm->nprocs > 1 && !force->newton && !complete) {
    copy_to_atoms(values.data(), width);
    send_to_owners(rows_);
    for (int i = 0; i < atom->nlocal; ++i)
      for (int k = 0; k < width; ++k) atoms[i][k] += unit * rows_[i][k];
    return;
  }
  for (int node = 0; node < n_rows; ++node)
    for (int k = 0; k < width; ++k)
      atoms[neighbors_.atom_of_node(node)][k] += unit * values[node * width + k];
}

// ---- where not to trust the model, for fix pair and warnings ----

void *PairEippot::extract(const char *name, int &dimension) {
  dimension = 0;
  for (const char *known : {"energy_std_flag", "force_std_flag"})
    if (std::strcmp(name, known) == 0) return &wants_spread_;
  if (std::strcmp(name, "extrapolation_grade_flag") == 0) return &wants_grade_;
  return nullptr;
}

void *PairEippot::extract_peratom(const char *name, int &columns) {
  columns = 0;
  // a null pointer where nothing was computed
  if (wants_spread_ && std::strcmp(name, "energy_std") == 0) return energy_std_.data();
  if (wants_spread_ && std::strcmp(name, "force_std") == 0) return force_std_.data();
  if (wants_grade_ && std::strcmp(name, "extrapolation_grade") == 0)
    return extrapolation_grade_.data();
  return nullptr;
}

/// Standard deviations over the members: of each atom's energy, and of the force on it, the root of
/// the sum over its components.
void PairEippot::find_spread() {
  const auto &graph = neighbors_.find_edges();
  std::vector<eippot::Evaluation> members;
  evaluating(
      [&](eippot::NodeExchange *exchange) { members = model_->evaluate_members(graph, exchange); });

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

/// How unlike those of the training the neighborhood of each atom is.
void PairEippot::find_grade() {
  const auto &graph = neighbors_.find_edges();
  std::vector<double> grades;
  evaluating([&](eippot::NodeExchange *exchange) {
    grades = model_->extrapolation_grade(graph, exchange);
  });
  extrapolation_grade_.assign(atom->nlocal + 1, 0.0);
  for (int node = 0; node < neighbors_.n_centers; ++node)
    extrapolation_grade_[neighbors_.atom_of_node(node)] = grades[node];
}

}  // namespace LAMMPS_NS
