#include "node_results.h"

#include <array>
#include <utility>

namespace eippot {

namespace {

/// An edge's part of the virial W = -sum r (x) g, in LAMMPS' order of nine components.
std::array<double, 9> edge_virial(const AtomGraph &graph, const Evaluation &evaluation,
                                  std::int64_t edge) {
  const double *r = &graph.edge_vectors[3 * edge];
  const double *g = &evaluation.edge_gradient[3 * edge];
  return {-r[0] * g[0], -r[1] * g[1], -r[2] * g[2], -r[0] * g[1], -r[0] * g[2],
          -r[1] * g[2], -r[1] * g[0], -r[2] * g[0], -r[2] * g[1]};
}

/// The six components of the symmetric part.
std::array<double, 6> symmetric(const std::array<double, 9> &w) {
  return {w[0], w[1], w[2], 0.5 * (w[3] + w[6]), 0.5 * (w[4] + w[7]), 0.5 * (w[5] + w[8])};
}

/// Half of an edge to each end.
void add_virials(const AtomGraph &graph, const Evaluation &evaluation,
                 std::vector<double> &virials) {
  virials.assign(6 * graph.n_nodes(), 0.0);
  for (std::int64_t edge = 0; edge < graph.n_edges(); ++edge) {
    const auto w = symmetric(edge_virial(graph, evaluation, edge));
    for (const auto node : {graph.center(edge), graph.neighbor(edge)})
      for (int k = 0; k < 6; ++k) virials[6 * node + k] += 0.5 * w[k];
  }
}

/// All of an edge to the neighbor. The energy of an atom then reaches the neighbor by the work of
/// the force on it, as the heat flux has it; exactly if each energy depends on the atom's own edges
/// only (Fan et al., Phys. Rev. B 92, 094301, 2015).
void add_centroid_virials(const AtomGraph &graph, const Evaluation &evaluation,
                          std::vector<double> &virials) {
  virials.assign(9 * graph.n_nodes(), 0.0);
  for (std::int64_t edge = 0; edge < graph.n_edges(); ++edge) {
    const auto w = edge_virial(graph, evaluation, edge);
    for (int k = 0; k < 9; ++k) virials[9 * graph.neighbor(edge) + k] += w[k];
  }
}

}  // namespace

void sum_edges(const AtomGraph &graph, const Evaluation &evaluation, const Wanted &wanted,
               NodeResults &results) {
  results.energies = evaluation.atomic_energies;
  results.forces = forces_on_nodes(graph, evaluation);
  if (wanted.virials) add_virials(graph, evaluation, results.virials);
  if (wanted.centroid_virials) add_centroid_virials(graph, evaluation, results.centroid_virials);
}

}  // namespace eippot
