#include "engine.h"

#include "schnet_engine.h"

namespace eippot {

template <class real>
std::unique_ptr<Engine<real>> make_engine(const std::string &architecture, Parameters parameters,
                                          const Kernels<real> &kernels) {
  std::unique_ptr<Engine<real>> engine;
  if (architecture == "schnet")
    engine = std::make_unique<SchNetEngine<real>>(read_schnet(parameters), kernels);
  else
    throw NoEngine("there is no engine for the architecture '" + architecture + "'");
  parameters.require_all_taken();
  return engine;
}

template std::unique_ptr<Engine<float>> make_engine(const std::string &, Parameters,
                                                    const Kernels<float> &);
template std::unique_ptr<Engine<double>> make_engine(const std::string &, Parameters,
                                                     const Kernels<double> &);

}  // namespace eippot
