/// The operator eippot::exchange for a process whose atoms are all in one graph: the identity.
///
/// Whoever has defined it before has done the same, or, as the pair style of LAMMPS, does so for
/// graphs that are not divided.

#include "exchange_operator.h"

#include <torch/library.h>
#include <torch/torch.h>

namespace eippot {

void register_exchange_operator() {
  static const bool registered = [] {
    if (c10::Dispatcher::singleton().findSchema({"eippot::exchange", ""})) return false;
    auto &library = *new torch::Library(torch::Library::FRAGMENT, "eippot", {}, __FILE__, __LINE__);
    library.def("exchange(Tensor(a) features) -> Tensor(a)");
    library.impl("exchange",
                 torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd,
                                 [](const torch::Tensor &features) { return features; }));
    return true;
  }();
  (void)registered;
}

/// Nothing is handed on.
ExchangeScope::ExchangeScope(NodeExchange *) : before_(nullptr) {}

ExchangeScope::~ExchangeScope() = default;

}  // namespace eippot
