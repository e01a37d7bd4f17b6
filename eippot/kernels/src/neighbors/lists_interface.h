/// Neighbor lists for callers that are not C++: Python through ctypes, and models of KIM.

#ifndef EIPPOT_LISTS_INTERFACE_H
#define EIPPOT_LISTS_INTERFACE_H

#include <cstdint>

#pragma GCC visibility push(default)
extern "C" {

/// NeighborLists; at least one cutoff.
void *eippot_neighbors_create(std::int32_t n_lists, const double *cutoffs);

void eippot_neighbors_destroy(void *lists);

/// Returns 1 where a particle that needs neighbors has another at its own place.
std::int32_t eippot_neighbors_build(void *lists, std::int32_t n, const double *coordinates,
                                    const std::int32_t *needs);

/// KIM's function GetNeighborList. Returns 1 where there is no such list or particle, or where the
/// list is of a shorter cutoff.
int eippot_neighbors_get(const void *lists, int n_lists, const double *cutoffs, int list,
                         int particle, int *count, const int **neighbors);
}
#pragma GCC visibility pop

#endif
