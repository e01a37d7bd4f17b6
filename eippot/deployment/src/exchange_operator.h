/// The operator eippot::exchange, through which exported models read features of neighbors.
///
/// In Python it is the identity, since every neighbor is an atom of the same process. Here it
/// carries features between processes; its derivative carries gradients the other way.

#ifndef EIPPOT_EXCHANGE_OPERATOR_H
#define EIPPOT_EXCHANGE_OPERATOR_H

#include "exported_model.h"

namespace eippot {

/// Makes torch know the operator; needed before a model is opened.
void register_exchange_operator();

/// While it lives, the operator goes through `exchange` on this thread; it is the identity where
/// that is nullptr.
class ExchangeScope {
 public:
  explicit ExchangeScope(NodeExchange *exchange);
  ~ExchangeScope();
  ExchangeScope(const ExchangeScope &) = delete;
  ExchangeScope &operator=(const ExchangeScope &) = delete;

 private:
  NodeExchange *before_;
};

}  // namespace eippot

#endif
