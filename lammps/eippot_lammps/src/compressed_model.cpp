#include "compressed_model.h"

#include "schnet_engine.h"

namespace eippot {

namespace {

template <class real>
class CompressedSchNet final : public CompressedModel {
 public:
  explicit CompressedSchNet(const SchNetWeights &weights) : engine_(weights) {}

  void evaluate(const AtomGraph &graph, NodeExchange *exchange, int n_threads,
                OwnedAtoms &result) override {
    result.energies.resize(graph.n_owned);
    result.forces.resize(3 * graph.n_owned);
    result.virials.resize(6 * graph.n_owned);
    RowExchange<real> rows_to_ghosts;
    if (exchange)
      rows_to_ghosts = [&](real *rows, int width) {
        rows_.assign(rows, rows + graph.n_nodes() * width);
        exchange->to_ghosts(rows_.data(), width);
        std::copy(rows_.begin() + graph.n_owned * width, rows_.end(), rows + graph.n_owned * width);
      };
    engine_.evaluate(neighborhoods_of(graph), rows_to_ghosts, n_threads,
                     {result.energies.data(), result.forces.data(), result.virials.data()});
  }

 private:
  /// Views of this object's arrays, in which the graph's edges, sorted by center, take less room.
  Neighborhoods<real> neighborhoods_of(const AtomGraph &graph) {
    const auto n_edges = graph.n_edges();
    species_.assign(graph.species.begin(), graph.species.end());
    neighbors_.assign(graph.edge_index.begin() + n_edges, graph.edge_index.end());
    vectors_.assign(graph.edge_vectors.begin(), graph.edge_vectors.end());
    first_.assign(graph.n_owned + 1, 0);
    for (std::int64_t edge = 0; edge < n_edges; ++edge) ++first_[graph.center(edge) + 1];
    for (std::int64_t node = 0; node < graph.n_owned; ++node) first_[node + 1] += first_[node];

    Neighborhoods<real> around;
    around.n_centers = static_cast<int>(graph.n_owned);
    around.n_nodes = static_cast<int>(graph.n_nodes());
    around.species = species_.data();
    around.first = first_.data();
    around.neighbors = neighbors_.data();
    around.edge_vectors = vectors_.data();
    return around;
  }

  SchNetEngine<real> engine_;
  std::vector<std::int32_t> species_;    // (N,)
  std::vector<std::int64_t> first_;      // (n_owned + 1,)
  std::vector<std::int32_t> neighbors_;  // (E,)
  std::vector<real> vectors_;            // (E, 3)
  std::vector<double> rows_;             // (N, width) on their way to other processes
};

}  // namespace

std::unique_ptr<CompressedModel> CompressedModel::create(const SchNetWeights &weights,
                                                         const std::string &dtype) {
  if (dtype == "float64") return std::make_unique<CompressedSchNet<double>>(weights);
  return std::make_unique<CompressedSchNet<float>>(weights);
}

}  // namespace eippot
