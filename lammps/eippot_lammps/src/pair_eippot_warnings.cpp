/// Warnings of pair style eippot, where an atom is not to be trusted.

#include <algorithm>
#include <cstring>
#include <numeric>

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "pair_eippot.h"
#include "update.h"
#include "utils.h"

namespace LAMMPS_NS {

void PairEippot::settings(int narg, char **arg) {
  if (std::strcmp(update->unit_style, "lj") == 0)
    error->all(FLERR,
               "Pair style eippot needs units with a length and an energy, got 'units lj'; "
               "use 'units metal'");
  if (narg > 0 && std::strcmp(arg[0], "warn") != 0)
    error->all(FLERR,
               "Pair style eippot takes no arguments but 'warn', got '{}'; the model file belongs "
               "to pair_coeff: 'pair_coeff * * model.pt Si'",
               arg[0]);
  warn_every_ = 0;
  alarms_.clear();
  if (narg == 0) return;
  if (narg < 4 || narg % 2 != 0)
    error->all(FLERR,
               "Expected 'pair_style eippot warn N quantity value' and, where wanted, a second "
               "quantity and value");
  warn_every_ = utils::inumeric(FLERR, arg[1], false, lmp);
  if (warn_every_ < 1)
    error->all(FLERR, "Pair style eippot warns every 1 step or more, got {}", warn_every_);
  for (int k = 2; k < narg; k += 2) {
    if (std::strcmp(arg[k], "extrapolation_grade") != 0 && std::strcmp(arg[k], "force_std") != 0)
      error->all(FLERR, "Pair style eippot warns of 'extrapolation_grade' or 'force_std', got '{}'",
                 arg[k]);
    alarms_.push_back({arg[k], utils::numeric(FLERR, arg[k + 1], false, lmp)});
  }
}

bool PairEippot::warns_of(const char *quantity) const {
  return std::any_of(alarms_.begin(), alarms_.end(),
                     [&](const Alarm &alarm) { return alarm.quantity == quantity; });
}

/// What was asked for must be there.
void PairEippot::check_doubts() const {
  const auto &model = model_->metadata();
  if (model.training_neighborhoods == 0 && (wants_grade_ || warns_of("extrapolation_grade")))
    error->all(FLERR,
               "The model of pair style eippot has no extrapolation grade: it was trained by a "
               "version of eippot that did not know of it; train and export it again");
  if (model.n_members == 1 && warns_of("force_std"))
    error->all(FLERR,
               "The model of pair style eippot is no committee, so that 'force_std' is always 0; "
               "use 'extrapolation_grade'");
}

void PairEippot::find_doubts() {
  check_doubts();
  const bool warns = warn_every_ > 0 && update->ntimestep % warn_every_ == 0;
  if (wants_spread_ || (warns && warns_of("force_std"))) find_spread();
  if (wants_grade_ || (warns && warns_of("extrapolation_grade"))) find_grade();
  if (!warns) return;
  for (Alarm &alarm : alarms_) warn(alarm);
}

/// Once when an atom gets above the limit, and again when that happens after all were below.
void PairEippot::warn(Alarm &alarm) {
  const auto &values = alarm.quantity == "force_std" ? force_std_ : extrapolation_grade_;
  const auto begin = values.begin(), end = begin + atom->nlocal;
  double largest =
      std::accumulate(begin, end, 0.0, [](double a, double b) { return a > b ? a : b; });
  auto n_above = static_cast<bigint>(
      std::count_if(begin, end, [&](double value) { return value > alarm.limit; }));
  MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, world);
  MPI_Allreduce(MPI_IN_PLACE, &n_above, 1, MPI_LMP_BIGINT, MPI_SUM, world);
  if (n_above > 0 && !alarm.is_above && comm->me == 0)
    error->warning(FLERR,
                   "Pair style eippot at step {}: {} of {} atoms have {} above {}, up to {:.4g}",
                   update->ntimestep, n_above, atom->natoms, alarm.quantity, alarm.limit, largest);
  alarm.is_above = n_above > 0;
}

}  // namespace LAMMPS_NS
