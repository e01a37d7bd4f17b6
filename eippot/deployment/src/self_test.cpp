#include "self_test.h"

#include <algorithm>
#include <cmath>
#include <numeric>

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

double sum(const std::vector<double> &values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
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
  int most_bytes = 0;
  void to_ghosts(void *, int bytes) override {
    ++count;
    most_bytes = std::max(most_bytes, bytes);
  }
  void to_owners(double *, int) override {}

  void report_to(SelfTest &report) const {
    report.n_exchanges = count;
    report.exchange_bytes = most_bytes;
  }
};

/// The edges of a small graph.
class GraphNeighborhoods final : public Neighborhoods {
 public:
  explicit GraphNeighborhoods(const AtomGraph &graph)
      : graph_(graph), species_(graph.species.begin(), graph.species.end()) {
    n_centers = static_cast<int>(graph.n_owned);
    n_nodes = static_cast<int>(graph.n_nodes());
    species = species_.data();
  }

  void find(int center, std::vector<Neighbor> &neighbors) const override {
    neighbors.clear();
    for (std::int64_t edge = 0; edge < graph_.n_edges(); ++edge) {
      if (graph_.center(edge) != center) continue;
      const double *r = &graph_.edge_vectors[3 * edge];
      neighbors.push_back({static_cast<std::int32_t>(graph_.neighbor(edge)), {r[0], r[1], r[2]}});
    }
  }

 private:
  const AtomGraph &graph_;
  std::vector<std::int32_t> species_;
};

/// Energy [eV], forces (N, 3) and virial (3, 3) beside those of the file.
SelfTest compared(const Reference &reference, const std::string &dtype, double energy,
                  const std::vector<double> &forces, const std::vector<double> &virial) {
  SelfTest report;
  report.energy_error = std::abs(energy - reference.energy[0]);
  report.force_error = largest_difference(forces, reference.forces);
  report.virial_error = largest_difference(virial, reference.virial);
  const double allowed = tolerance(dtype);
  const auto scale = [](const std::vector<double> &a) { return std::max(1.0, largest(a)); };
  report.passed = report.energy_error <= allowed * reference.graph.n_nodes() &&
                  report.force_error <= allowed * scale(reference.forces) &&
                  report.virial_error <= allowed * scale(reference.virial);
  return report;
}

}  // namespace

SelfTest self_test(const ExportedModel &model) {
  const Reference reference = model.reference();
  Evaluation found;
  CountingExchange counter;
  model.evaluate(reference.graph, &counter, found);
  auto report =
      compared(reference, model.metadata().dtype.str(), sum(found.atomic_energies),
               forces_on_nodes(reference.graph, found), virial_of(reference.graph, found));
  counter.report_to(report);
  return report;
}

void require_exchanges(const SelfTest &report, const ModelMetadata &metadata) {
  if (report.n_exchanges == metadata.n_exchanges) return;
  throw ModelError("expected " + std::to_string(metadata.n_exchanges) +
                   " exchanges of features, as the file says, got " +
                   std::to_string(report.n_exchanges) + "; export it again");
}

SelfTest self_test(const ExportedModel &model, CompressedModel &compressed) {
  const Reference reference = model.reference();
  NodeResults found;
  CountingExchange counter;
  compressed.evaluate(GraphNeighborhoods(reference.graph), &counter, 1, {true, false}, found);
  double w[6] = {};  // xx yy zz xy xz yz
  for (std::size_t k = 0; k < found.virials.size(); ++k) w[k % 6] += found.virials[k];
  auto report = compared(reference, model.metadata().dtype.str(), sum(found.energies), found.forces,
                         {w[0], w[3], w[4], w[3], w[1], w[5], w[4], w[5], w[2]});
  counter.report_to(report);
  return report;
}

}  // namespace eippot
