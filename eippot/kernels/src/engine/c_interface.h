/// The engine for callers that are not C++: Python through ctypes.
///
/// Functions that can fail return nullptr or 1 then, and eippot_error() says why.

#ifndef EIPPOT_C_INTERFACE_H
#define EIPPOT_C_INTERFACE_H

#include <cstdint>

#pragma GCC visibility push(default)
extern "C" {

/// Arrays of ListedNeighborhoods.
struct EippotNeighborhoods {
  std::int32_t n_centers, n_nodes;
  const std::int32_t *species;
  const std::int64_t *first;
  const std::int32_t *neighbors;
  const double *offsets;
  const double *positions;
};

/// Rows of nodes, (N, width) of the engine's precision.
typedef void (*EippotExchange)(void *rows, std::int32_t width);

/// What went wrong last on this thread.
const char *eippot_error();

/// An engine for `n` named arrays of Parameters. `bytes_per_number` is 4 or 8; `instructions`
/// avx512, avx2 or generic, or nullptr for the best.
void *eippot_engine_create(const char *architecture, std::int32_t n, const char *const *names,
                           const double *const *arrays, const std::int64_t *sizes,
                           std::int32_t bytes_per_number, const char *instructions);

/// Results as in EnergiesAndForces; `exchange` and `virials` may be nullptr.
std::int32_t eippot_engine_evaluate(void *engine, const EippotNeighborhoods *around,
                                    EippotExchange exchange, std::int32_t n_threads,
                                    double *energies, double *forces, double *virials);

/// Memory that grows with the number of atoms.
std::int64_t eippot_engine_bytes(const void *engine);

void eippot_engine_destroy(void *engine);
}
#pragma GCC visibility pop

#endif
