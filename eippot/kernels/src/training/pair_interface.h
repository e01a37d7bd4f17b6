/// Sums over pairs of atoms for callers that are not C++: Python through ctypes.
///
/// Numbers are of `bytes_per_number`, 4 or 8. Nothing here fails; the caller checks shapes.

#ifndef EIPPOT_PAIR_INTERFACE_H
#define EIPPOT_PAIR_INTERFACE_H

#include <cstdint>

#pragma GCC visibility push(default)
extern "C" {

/// Pairs and Coupling. A term is four numbers, its path, row of a, row of b and harmonic; terms of
/// one path come together. Of the instruction sets of this processor, 0 is the best.
struct EippotPairs {
  std::int64_t n_pairs;
  const std::int32_t *first, *second;
  const void *positions, *harmonics;
  const std::int32_t *terms;
  const double *coefficients;
  std::int32_t n_terms, n_bins, n_paths, a_rows, b_rows, n_harmonics, channels;
  std::int32_t derivative, bytes_per_number, n_threads, instruction_set;
};

/// How many instruction sets there are.
std::int32_t eippot_instruction_sets();

/// What PairKernels has under these names.
void eippot_add_to_a(const EippotPairs *pairs, const void *filters, const void *b, void *a);
void eippot_add_to_b(const EippotPairs *pairs, const void *filters, const void *a, void *b);
void eippot_multiply(const EippotPairs *pairs, const void *filters, const void *a, const void *b,
                     void *harmonics);
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
