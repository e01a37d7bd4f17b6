#include "engine/c_interface.h"

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "engine/engine.h"
#include "engine/listed_neighborhoods.h"

namespace {

using namespace eippot;

thread_local std::string error;

/// The engine in one of both precisions.
struct AnyEngine {
  std::unique_ptr<Engine<float>> in_float;
  std::unique_ptr<Engine<double>> in_double;
};

template <class real>
const Kernels<real> &kernels_named(const char *name) {
  const auto available = available_kernels<real>();
  if (name == nullptr) return *available.front();
  std::string names;
  for (const Kernels<real> *kernels : available) {
    if (std::string(name) == kernels->name) return *kernels;
    names += std::string(" ") + kernels->name;
  }
  throw std::runtime_error("expected instructions of this processor:" + names + ", got " + name);
}

template <class real>
void evaluate(Engine<real> &engine, const EippotNeighborhoods &from, EippotExchange exchange,
              int n_threads, const EnergiesAndForces &results) {
  ListedNeighborhoods around;
  around.n_centers = from.n_centers;
  around.n_nodes = from.n_nodes;
  around.species = from.species;
  around.first = from.first;
  around.neighbors = from.neighbors;
  around.offsets = from.offsets;
  around.positions = from.positions;
  RowExchange<real> exchange_rows;
  if (exchange) exchange_rows = [exchange](real *rows, int width) { exchange(rows, width); };
  engine.evaluate(around, exchange_rows, n_threads, results);
}

}  // namespace

const char *eippot_error() {
  return error.c_str();
}

void *eippot_engine_create(const char *architecture, std::int32_t n, const char *const *names,
                           const double *const *arrays, const std::int64_t *sizes,
                           std::int32_t bytes_per_number, const char *instructions) try {
  Parameters parameters;
  for (int k = 0; k < n; ++k) parameters.add(names[k], {arrays[k], arrays[k] + sizes[k]});
  auto engine = std::make_unique<AnyEngine>();
  if (bytes_per_number == 4) {
    engine->in_float =
        make_engine<float>(architecture, parameters, kernels_named<float>(instructions));
  } else {
    engine->in_double =
        make_engine<double>(architecture, parameters, kernels_named<double>(instructions));
  }
  return engine.release();
} catch (const std::exception &failure) {
  error = failure.what();
  return nullptr;
}

std::int32_t eippot_engine_evaluate(void *engine, const EippotNeighborhoods *around,
                                    EippotExchange exchange, std::int32_t n_threads,
                                    double *energies, double *forces, double *virials) try {
  const EnergiesAndForces results = {energies, forces, virials};
  auto *any = static_cast<AnyEngine *>(engine);
  if (any->in_float) {
    evaluate(*any->in_float, *around, exchange, n_threads, results);
  } else {
    evaluate(*any->in_double, *around, exchange, n_threads, results);
  }
  return 0;
} catch (const std::exception &failure) {
  error = failure.what();
  return 1;
}

std::int64_t eippot_engine_bytes(const void *engine) {
  const auto *any = static_cast<const AnyEngine *>(engine);
  return any->in_float ? any->in_float->bytes() : any->in_double->bytes();
}

void eippot_engine_destroy(void *engine) {
  delete static_cast<AnyEngine *>(engine);
}
