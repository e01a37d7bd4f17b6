#include "exchange_operator.h"

#include <torch/library.h>
#include <torch/torch.h>

namespace eippot {

namespace {

thread_local NodeExchange *current = nullptr;

/// What `carry(rows, width)` makes of a copy of the features (N, width).
template <typename Carry>
torch::Tensor carried(const torch::Tensor &features, Carry carry) {
  TORCH_CHECK(features.dim() == 2, "expected features (atoms, width) in eippot::exchange, got ",
              features.sizes());
  auto rows = features.detach().to(torch::kCPU, torch::kFloat64, /*non_blocking=*/false,
                                   /*copy=*/true);
  rows = rows.contiguous();
  carry(rows.data_ptr<double>(), static_cast<int>(rows.size(1)));
  return rows.to(features.options());
}

class Exchange : public torch::autograd::Function<Exchange> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext *context,
                               const torch::Tensor &features, NodeExchange *exchange) {
    // kept in the context, since the derivative may be taken on another thread
    context->saved_data["exchange"] = reinterpret_cast<std::int64_t>(exchange);
    return carried(features, [&](double *rows, int width) {
      exchange->to_ghosts(rows, width * static_cast<int>(sizeof(double)));
    });
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    auto *exchange = reinterpret_cast<NodeExchange *>(context->saved_data["exchange"].toInt());
    return {
        carried(gradients[0], [&](double *rows, int width) { exchange->to_owners(rows, width); }),
        torch::Tensor()};
  }
};

torch::Tensor exchange(const torch::Tensor &features) {
  return current ? Exchange::apply(features, current) : features;
}

}  // namespace

/// In a process that runs Python, eippot may have defined the operator already, as the identity;
/// kernels for a device come before that.
void register_exchange_operator() {
  static const bool registered = [] {
    auto &library = *new torch::Library(torch::Library::FRAGMENT, "eippot", {}, __FILE__, __LINE__);
    if (!c10::Dispatcher::singleton().findSchema({"eippot::exchange", ""}))
      library.def("exchange(Tensor(a) features) -> Tensor(a)");
    for (const auto key : {c10::DispatchKey::CPU, c10::DispatchKey::CUDA,
                           c10::DispatchKey::AutogradCPU, c10::DispatchKey::AutogradCUDA})
      library.impl("exchange", torch::dispatch(key, TORCH_FN(exchange)));
    return true;
  }();
  (void)registered;
}

ExchangeScope::ExchangeScope(NodeExchange *exchange) : before_(current) {
  current = exchange;
}

ExchangeScope::~ExchangeScope() {
  current = before_;
}

}  // namespace eippot
