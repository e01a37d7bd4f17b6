#include "pair_sums.h"

#include <algorithm>

namespace eippot {

namespace {

/// Pairs that one thread takes at a time.
constexpr std::int64_t pairs_together = 256;

/// Calls action(channels) for all channels, a few vectors of them per thread and turn.
template <class Action>
void in_parallel(const PairFilters &filters, int lanes, int n_threads, Action action) {
  const bool two_each = filters.channels >= 2 * lanes * n_threads;
  const int together = two_each ? 2 * lanes : lanes;
  const int n_parts = (filters.channels + together - 1) / together;
#pragma omp parallel for num_threads(n_threads) schedule(dynamic, 1) if (n_threads > 1)
  for (int part = 0; part < n_parts; ++part) {
    const int begin = part * together, end = std::min(begin + together, filters.channels);
    action(Channels{begin, end, filters.channels, filters.derivative});
  }
}

}  // namespace

template <class real>
void add_messages(const PairKernels<real> &kernels, const Pairs<real> &pairs,
                  const PairFilters &filters, const real *coefficients, const real *b, real *sums,
                  int n_threads) {
  in_parallel(filters, kernels.lanes, n_threads, [&](const Channels &channels) {
    kernels.add_messages(pairs, channels, filters.n_bins, coefficients, b, sums);
  });
}

template <class real>
void multiply(const PairKernels<real> &kernels, const Pairs<real> &pairs,
              const PairFilters &filters, const real *coefficients, const real *a, const real *b,
              real *products, int n_threads) {
  const Channels channels = {0, filters.channels, filters.channels, filters.derivative};
#pragma omp parallel for num_threads(n_threads) schedule(dynamic, 1) if (n_threads > 1)
  for (std::int64_t begin = 0; begin < pairs.n; begin += pairs_together) {
    const Pairs<real> part = pairs.part(begin, std::min(begin + pairs_together, pairs.n));
    kernels.multiply(part, channels, filters.n_bins, coefficients, a, b, products + begin);
  }
}

template <class real>
void add_to_coefficients(const PairKernels<real> &kernels, const Pairs<real> &pairs,
                         const PairFilters &filters, const real *a, const real *b, real *gradient,
                         int n_threads) {
  in_parallel(filters, kernels.lanes, n_threads, [&](const Channels &channels) {
    kernels.add_to_coefficients(pairs, channels, filters.n_bins, a, b, gradient);
  });
}

#define EIPPOT_INSTANTIATE(real)                                                                  \
  template void add_messages(const PairKernels<real> &, const Pairs<real> &, const PairFilters &, \
                             const real *, const real *, real *, int);                            \
  template void multiply(const PairKernels<real> &, const Pairs<real> &, const PairFilters &,     \
                         const real *, const real *, const real *, real *, int);                  \
  template void add_to_coefficients(const PairKernels<real> &, const Pairs<real> &,               \
                                    const PairFilters &, const real *, const real *, real *, int);
EIPPOT_INSTANTIATE(float)
EIPPOT_INSTANTIATE(double)

}  // namespace eippot
