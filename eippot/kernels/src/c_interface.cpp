#include "c_interface.h"

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "schnet_engine.h"

namespace {

using namespace eippot;

thread_local std::string error;

/// The engine in one of both precisions.
struct AnyEngine {
  std::unique_ptr<SchNetEngine<float>> in_float;
  std::unique_ptr<SchNetEngine<double>> in_double;
};

/// Reads one array after the other.
class Reader {
 public:
  explicit Reader(const double *from) : from_(from) {}

  std::vector<double> next(std::size_t n) {
    const double *begin = from_;
    from_ += n;
    return {begin, from_};
  }

 private:
  const double *from_;
};

SchNetWeights read_weights(const EippotSchNetShape &shape, const double *from) {
  Reader reader(from);
  const std::size_t n = shape.channels, n_filter = n * shape.n_knots;
  SchNetWeights weights;
  weights.channels = shape.channels;
  weights.n_species = shape.n_species;
  weights.n_knots = shape.n_knots;
  weights.cutoff = shape.cutoff;
  weights.neighbor_scale = shape.neighbor_scale;
  weights.energy_scale = shape.energy_scale;
  weights.embedding = reader.next(n * shape.n_species);
  const auto dense = [&] {
    std::vector<double> matrix = reader.next(n * n);
    return DenseWeights{std::move(matrix), reader.next(n)};
  };
  for (int k = 0; k < shape.n_interactions; ++k) {
    InteractionWeights interaction;
    interaction.filter.values = reader.next(n_filter);
    interaction.filter.derivatives = reader.next(n_filter);
    interaction.project.matrix = reader.next(n * n);
    interaction.first = dense();
    interaction.second = dense();
    weights.interactions.push_back(std::move(interaction));
  }
  weights.head = dense();
  weights.head_output = reader.next(n);
  weights.isolated_energies = reader.next(shape.n_species);
  return weights;
}

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
void evaluate(SchNetEngine<real> &engine, const EippotNeighborhoods &from, EippotExchange exchange,
              int n_threads, const EnergiesAndForces &results) {
  Neighborhoods<real> around;
  around.n_centers = from.n_centers;
  around.n_nodes = from.n_nodes;
  around.species = from.species;
  around.first = from.first;
  around.neighbors = from.neighbors;
  around.edge_vectors = static_cast<const real *>(from.edge_vectors);
  around.positions = from.positions;
  RowExchange<real> exchange_rows;
  if (exchange) exchange_rows = [exchange](real *rows, int width) { exchange(rows, width); };
  engine.evaluate(around, exchange_rows, n_threads, results);
}

}  // namespace

const char *eippot_error() {
  return error.c_str();
}

void *eippot_schnet_create(const EippotSchNetShape *shape, const double *weights,
                           std::int32_t bytes_per_number, const char *instructions) try {
  auto engine = std::make_unique<AnyEngine>();
  const SchNetWeights read = read_weights(*shape, weights);
  if (bytes_per_number == 4) {
    engine->in_float =
        std::make_unique<SchNetEngine<float>>(read, kernels_named<float>(instructions));
  } else {
    engine->in_double =
        std::make_unique<SchNetEngine<double>>(read, kernels_named<double>(instructions));
  }
  return engine.release();
} catch (const std::exception &failure) {
  error = failure.what();
  return nullptr;
}

std::int32_t eippot_schnet_evaluate(void *engine, const EippotNeighborhoods *around,
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

std::int64_t eippot_schnet_bytes(const void *engine) {
  const auto *any = static_cast<const AnyEngine *>(engine);
  return any->in_float ? any->in_float->bytes() : any->in_double->bytes();
}

void eippot_schnet_destroy(void *engine) {
  delete static_cast<AnyEngine *>(engine);
}
