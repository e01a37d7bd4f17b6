/// Engines made of other engines.

#ifndef EIPPOT_COMPOSED_ENGINES_H
#define EIPPOT_COMPOSED_ENGINES_H

#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/nuclear_repulsion.h"

namespace eippot {

/// A network above the repulsion of nuclei.
template <class real>
class EngineWithRepulsion final : public Engine<real> {
 public:
  EngineWithRepulsion(std::unique_ptr<Engine<real>> network, NuclearRepulsion repulsion)
      : network_(std::move(network)), repulsion_(std::move(repulsion)) {}

  void evaluate(const Neighborhoods &around, const RowExchange<real> &exchange, int n_threads,
                const EnergiesAndForces &results) override;

  std::size_t bytes() const override { return network_->bytes(); }

 private:
  std::unique_ptr<Engine<real>> network_;
  NuclearRepulsion repulsion_;
};

/// The mean over a committee.
template <class real>
class CommitteeEngine final : public Engine<real> {
 public:
  explicit CommitteeEngine(std::vector<std::unique_ptr<Engine<real>>> members)
      : members_(std::move(members)) {}

  void evaluate(const Neighborhoods &around, const RowExchange<real> &exchange, int n_threads,
                const EnergiesAndForces &results) override;

  std::size_t bytes() const override;

 private:
  std::vector<std::unique_ptr<Engine<real>>> members_;
  std::vector<double> energies_, forces_, virials_;  // of one member
};

}  // namespace eippot

#endif
