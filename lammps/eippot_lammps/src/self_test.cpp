#include "self_test.h"

#include <algorithm>
#include <cmath>

namespace eippot {

namespace {

/// What the self-test allows: of the energy in eV/atom; of forces and virial relative to the
/// largest component, or to 1 where all are smaller.
double tolerance(const std::string &dtype) {
  return dtype == "float64" ? 1e-9 : 1e-4;
}

/// Largest |component| of a; NaN if there is one.
double largest(const std::vector<double> &a) {
  double result = 0.0;
  for (const double value : a) {
    if (std::isnan(value)) return value;
    result = std::max(result, std::abs(value));
  }
  return result;
}

double largest_difference(std::vector<double> a, const std::vector<double> &b) {
  for (std::size_t k = 0; k < a.size(); ++k) a[k] -= b[k];
  return largest(a);
}

double energy_of(const Evaluation &evaluation) {
  double energy = 0.0;
  for (const double atomic : evaluation.atomic_energies) energy += atomic;
  return energy;
}

/// (3, 3) [eV]
std::vector<double> virial_of(const AtomGraph &graph, const Evaluation &evaluation) {
  std::vector<double> virial(9, 0.0);
  for (std::int64_t edge = 0; edge < graph.n_edges(); ++edge)
    for (int a = 0; a < 3; ++a)
      for (int b = 0; b < 3; ++b)
        virial[3 * a + b] -=
            graph.edge_vectors[3 * edge + a] * evaluation.edge_gradient[3 * edge + b];
  return virial;
}

/// Counts what would go between processes, of which there is one here.
struct CountingExchange : NodeExchange {
  std::int64_t count = 0;
  int width = 0;
  void to_ghosts(double *, int features) override {
    ++count;
    width = std::max(width, features);
  }
  void to_owners(double *, int) override {}
};

}  // namespace

SelfTest self_test(const ExportedModel &model) {
  const Reference reference = model.reference();
  Evaluation found;
  CountingExchange counter;
  model.evaluate(reference.graph, &counter, found);
  const auto &metadata = model.metadata();
  if (counter.count != metadata.n_exchanges)
    throw ModelError("expected " + std::to_string(metadata.n_exchanges) +
                     " exchanges of features, as the file says, got " +
                     std::to_string(counter.count) + "; export it again");

  SelfTest report;
  report.exchange_width = counter.width;
  report.energy_error = std::abs(energy_of(found) - reference.energy[0]);
  report.force_error =
      largest_difference(forces_on_nodes(reference.graph, found), reference.forces);
  report.virial_error = largest_difference(virial_of(reference.graph, found), reference.virial);
  const double allowed = tolerance(metadata.dtype.str());
  const auto scale = [](const std::vector<double> &a) { return std::max(1.0, largest(a)); };
  report.passed = report.energy_error <= allowed * reference.graph.n_nodes() &&
                  report.force_error <= allowed * scale(reference.forces) &&
                  report.virial_error <= allowed * scale(reference.virial);
  return report;
}

}  // namespace eippot
