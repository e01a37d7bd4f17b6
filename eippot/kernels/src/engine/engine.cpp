#include "engine/engine.h"

#include "cgcnn/cgcnn_engine.h"
#include "engine/composed_engines.h"
#include "equivariant/equivariant_engine.h"
#include "schnet/schnet_engine.h"
#include "soapnet/soapnet_engine.h"

namespace eippot {

namespace {

template <class real>
std::unique_ptr<Engine<real>> network(const std::string &architecture, Parameters &parameters,
                                      const Kernels<real> &kernels) {
  if (architecture == "schnet")
    return std::make_unique<SchNetEngine<real>>(read_schnet(parameters), kernels);
  if (architecture == "equivariant")
    return std::make_unique<EquivariantEngine<real>>(read_equivariant(parameters), kernels);
  if (architecture == "cgcnn")
    return std::make_unique<CGCNNEngine<real>>(read_cgcnn(parameters), kernels);
  if (architecture == "soapnet")
    return std::make_unique<SOAPNetEngine<real>>(read_soapnet(parameters), kernels);
  throw NoEngine("there is no engine for the architecture '" + architecture + "'");
}

template <class real>
std::unique_ptr<Engine<real>> potential(const std::string &architecture, Parameters parameters,
                                        const Kernels<real> &kernels) {
  auto engine = network(architecture, parameters, kernels);
  if (NuclearRepulsion::is_in(parameters)) {
    engine = std::make_unique<EngineWithRepulsion<real>>(std::move(engine),
                                                         NuclearRepulsion(parameters));
  }
  if (parameters.has("potential.neighborhoods.counts"))  // of the extrapolation grade
    for (const char *name : {"counts", "mean", "metric"})
      parameters.ignore(std::string("potential.neighborhoods.") + name);
  parameters.require_all_taken();
  return engine;
}

}  // namespace

template <class real>
std::unique_ptr<Engine<real>> make_engine(const std::string &architecture, Parameters parameters,
                                          const Kernels<real> &kernels) {
  const int n_members = static_cast<int>(parameters.number("n_members"));
  if (n_members == 1) return potential(architecture, std::move(parameters), kernels);
  std::vector<std::unique_ptr<Engine<real>>> members;
  for (int member = 0; member < n_members; ++member)
    members.push_back(potential(architecture, parameters.of_member(member), kernels));
  return std::make_unique<CommitteeEngine<real>>(std::move(members));
}

template std::unique_ptr<Engine<float>> make_engine(const std::string &, Parameters,
                                                    const Kernels<float> &);
template std::unique_ptr<Engine<double>> make_engine(const std::string &, Parameters,
                                                     const Kernels<double> &);

}  // namespace eippot
