#include "compressed_model.h"

#include "engine/engine.h"

namespace eippot {

namespace {

template <class real>
class OnEngine final : public CompressedModel {
 public:
  explicit OnEngine(std::unique_ptr<Engine<real>> engine) : engine_(std::move(engine)) {}

  void evaluate(const Neighborhoods &around, NodeExchange *exchange, int n_threads,
                const Wanted &wanted, NodeResults &results) override {
    const std::size_t n = around.n_centers;
    results.energies.resize(n);
    results.forces.resize(3 * n);
    results.virials.resize(wanted.virials ? 6 * n : 0);
    RowExchange<real> to_ghosts;
    if (exchange)
      to_ghosts = [&](real *rows, int width) {
        exchange->to_ghosts(rows, width * static_cast<int>(sizeof(real)));
      };
    engine_->evaluate(around, to_ghosts, n_threads,
                      {results.energies.data(), results.forces.data(),
                       wanted.virials ? results.virials.data() : nullptr});
  }

 private:
  std::unique_ptr<Engine<real>> engine_;
};

template <class real>
std::unique_ptr<CompressedModel> on_engine(const std::string &architecture,
                                           const Parameters &parameters) {
  return std::make_unique<OnEngine<real>>(make_engine<real>(architecture, parameters));
}

}  // namespace

std::unique_ptr<CompressedModel> CompressedModel::create(const ExportedModel &model) {
  const auto &metadata = model.metadata();
  if (model.device().str() != "cpu") throw NoEngine("engines run on the CPU alone");
  Parameters parameters;
  for (const auto &array : model.parameters()) parameters.add(array.name.str(), array.values);
  parameters.add("cutoff", {metadata.cutoff});
  parameters.add("table_bins", {static_cast<double>(metadata.table_bins)});
  parameters.add("n_members", {static_cast<double>(metadata.n_members)});
  parameters.add("n_species", {static_cast<double>(metadata.species.size())});
  const std::string architecture = metadata.architecture.str();
  if (metadata.dtype.str() == "float64") return on_engine<double>(architecture, parameters);
  return on_engine<float>(architecture, parameters);
}

}  // namespace eippot
