#include "kim_model.h"

#include <KIM_ModelHeaders.hpp>
#include <KIM_SimulatorHeaders.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "python_lock.h"
#include "self_test.h"

namespace eippot {

namespace {

namespace names = KIM::COMPUTE_ARGUMENT_NAME;

void require_passed(const SelfTest &report) {
  if (report.passed) return;
  throw ModelError("the model does not reproduce the self-test in its own file (energy off by " +
                   std::to_string(report.energy_error) + " eV, forces by " +
                   std::to_string(report.force_error) +
                   " eV/Angstrom); export it again, and install it with 'eippot kim install'");
}

/// Threads as OMP_NUM_THREADS says; one by default, as there may be as many ranks as cores.
int threads_wanted() {
  const char *wanted = std::getenv("OMP_NUM_THREADS");
  return wanted ? std::max(1, std::atoi(wanted)) : 1;
}

/// Edges on the way to the farthest atom that an energy depends on.
int range_in_edges(const ModelMetadata &metadata) {
  return static_cast<int>(
      std::lround(std::ceil(metadata.interaction_range / metadata.cutoff - 1e-6)));
}

/// Where the simulator wants results; nullptr where it wants none.
struct Wishes {
  double *energy = nullptr, *forces = nullptr, *particle_energies = nullptr, *virial = nullptr,
         *particle_virials = nullptr;
  int n_particles = 0;

  explicit Wishes(const KIM::ModelComputeArguments &arguments) {
    const int *count = nullptr;
    const int failed =
        arguments.GetArgumentPointer(names::numberOfParticles, &count) ||
        arguments.GetArgumentPointer(names::partialEnergy, &energy) ||
        arguments.GetArgumentPointer(names::partialForces, &forces) ||
        arguments.GetArgumentPointer(names::partialParticleEnergy, &particle_energies) ||
        arguments.GetArgumentPointer(names::partialVirial, &virial) ||
        arguments.GetArgumentPointer(names::partialParticleVirial, &particle_virials);
    if (failed) throw ModelError("the simulator does not say what it wants");
    n_particles = *count;
  }
};

/// Rows of nodes become those of their particles; all others are zero.
void scatter(const Particles &nodes, const std::vector<double> &rows, int width, double unit,
             int n_particles, double *particles) {
  std::fill_n(particles, static_cast<std::size_t>(n_particles) * width, 0.0);
  for (std::size_t k = 0; k < rows.size(); ++k)
    particles[static_cast<std::size_t>(nodes.particle(static_cast<int>(k / width))) * width +
              k % width] = unit * rows[k];
}

/// Virials as KIM has them: of the other sign, and in the order xx yy zz yz xz xy.
std::vector<double> kim_virials(std::vector<double> virials) {
  for (std::size_t k = 0; k < virials.size(); k += 6) std::swap(virials[k + 3], virials[k + 5]);
  for (double &component : virials) component = -component;
  return virials;
}

}  // namespace

KimModel::KimModel(const std::string &path, const Units &units)
    : model_(path, 0), units_(units), n_threads_(threads_wanted()) {
  const ModelMetadata &metadata = model_.metadata();
  test();
  if (metadata.table_bins > 0) open_engine();
  model_.set_threads(n_threads_);
  cutoff_ = metadata.cutoff * units.angstrom;
  influence_distance_ = std::max(metadata.cutoff, metadata.interaction_range) * units.angstrom;
  // An engine takes the force on a particle from that particle's own edges.
  const int steps = range_in_edges(metadata) - (compressed_ ? 0 : 1);
  needs_no_padding_neighbors_ = steps == 0;
  particles_ = std::make_unique<Particles>(metadata.cutoff, units.angstrom, steps);
}

void KimModel::test() const {
  const PythonLockReleased released;
  require_passed(self_test(model_));
}

void KimModel::open_engine() {
  try {
    compressed_ = CompressedModel::create(model_);
  } catch (const NoEngine &reason) {
    without_engine_ = reason.what();
    return;
  }
  require_passed(self_test(model_, *compressed_));
}

std::string KimModel::description() const {
  const ModelMetadata &metadata = model_.metadata();
  std::string text = "eippot model: " + metadata.architecture.str() + ", " + metadata.dtype.str() +
                     ", on " + model_.device().str() + ", " + std::to_string(n_threads_) +
                     " thread(s)";
  if (compressed_) text += ", compressed";
  if (!without_engine_.empty()) text += ", compressed, but without engine: " + without_engine_;
  return text;
}

void KimModel::compute(const KIM::ModelComputeArguments &arguments) {
  const Wishes wishes(arguments);
  const Wanted wanted = {wishes.virial || wishes.particle_virials, false};
  particles_->read(arguments);
  if (compressed_) {
    compressed_->evaluate(*particles_, nullptr, n_threads_, wanted, results_);
    results_.energies.resize(particles_->n_contributing());
  } else {
    const AtomGraph &graph = particles_->find_edges();
    const PythonLockReleased released;
    model_.evaluate(graph, nullptr, of_edges_);
    sum_edges(graph, of_edges_, wanted, results_);
  }

  const auto &energies = results_.energies;
  const double energy = std::accumulate(energies.begin(), energies.end(), 0.0);
  if (!std::isfinite(energy))
    throw ModelError("the energy is not finite; two atoms may be far too close");
  if (wishes.energy) *wishes.energy = units_.electronvolt * energy;
  const auto to_particles = [&](const std::vector<double> &rows, int width, double unit,
                                double *wish) {
    if (wish) scatter(*particles_, rows, width, unit, wishes.n_particles, wish);
  };
  to_particles(results_.forces, 3, units_.electronvolt / units_.angstrom, wishes.forces);
  to_particles(energies, 1, units_.electronvolt, wishes.particle_energies);
  if (!wanted.virials) return;
  const auto virials = kim_virials(results_.virials);
  to_particles(virials, 6, units_.electronvolt, wishes.particle_virials);
  if (!wishes.virial) return;
  std::fill_n(wishes.virial, 6, 0.0);
  for (std::size_t k = 0; k < virials.size(); ++k)
    wishes.virial[k % 6] += units_.electronvolt * virials[k];
}

}  // namespace eippot
