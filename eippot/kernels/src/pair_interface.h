/// Sums over pairs of atoms for callers that are not C++: Python through ctypes.
///
/// Numbers are of `bytes_per_number`, 4 or 8. Nothing here fails; the caller checks shapes.

#ifndef EIPPOT_PAIR_INTERFACE_H
#define EIPPOT_PAIR_INTERFACE_H

#include <cstdint>

#pragma GCC visibility push(default)
extern "C" {

/// Pairs and PairFilters; of the instruction sets of this processor, 0 is the best.
struct EippotPairs {
  std::int64_t n_pairs;
  const std::int32_t *first, *second;
  const void *positions, *factors;
  std::int32_t n_bins, channels, derivative, bytes_per_number, n_threads, instruction_set;
};

/// How many instruction sets there are.
std::int32_t eippot_instruction_sets();

void eippot_add_messages(const EippotPairs *pairs, const void *coefficients, const void *b,
                         void *sums);
void eippot_multiply(const EippotPairs *pairs, const void *coefficients, const void *a,
                     const void *b, void *products);
void eippot_add_to_coefficients(const EippotPairs *pairs, const void *a, const void *b,
                                void *gradient);

/// Arguments as in half_pairs.h.
std::int64_t eippot_half_pairs(std::int64_t n_edges, const std::int64_t *centers,
                               const std::int64_t *neighbors, const void *vectors,
                               std::int64_t n_atoms, double cutoff, std::int32_t n_bins,
                               std::int32_t bytes_per_number, std::int64_t *order);
}
#pragma GCC visibility pop

#endif
