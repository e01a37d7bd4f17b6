#include "training/pair_sums.h"

#include <algorithm>

namespace eippot {

namespace {

/// Pairs that one thread takes at a time.
constexpr std::int64_t pairs_together = 256;

}  // namespace

/// Calls action(channels) for all of them, one or two vectors per turn.
template <class real>
template <class Action>
void PairSums<real>::for_all_channels(Action action) const {
  const int all = coupling.channels, lanes = kernels.lanes;
  const int together = all >= 2 * lanes * n_threads ? 2 * lanes : lanes;
  const int n_parts = (all + together - 1) / together;
#pragma omp parallel for num_threads(n_threads) schedule(dynamic, 1) if (n_threads > 1)
  for (int part = 0; part < n_parts; ++part) {
    action(Channels{part * together, std::min((part + 1) * together, all)});
  }
}

template <class real>
void PairSums<real>::add_to_a(const real *coefficients, const real *b, real *a) const {
  for_all_channels([&](const Channels &channels) {
    kernels.add_to_a(pairs, coupling, channels, coefficients, b, a);
  });
}

template <class real>
void PairSums<real>::add_to_b(const real *coefficients, const real *a, real *b) const {
  for_all_channels([&](const Channels &channels) {
    kernels.add_to_b(pairs, coupling, channels, coefficients, a, b);
  });
}

template <class real>
void PairSums<real>::multiply(const real *coefficients, const real *a, const real *b,
                              real *harmonics) const {
  const int n_harmonics = coupling.n_harmonics;
#pragma omp parallel for num_threads(n_threads) schedule(dynamic, 1) if (n_threads > 1)
  for (std::int64_t begin = 0; begin < pairs.n; begin += pairs_together) {
    const std::int64_t end = std::min(begin + pairs_together, pairs.n);
    kernels.multiply(pairs.part(begin, end, n_harmonics), coupling, coefficients, a, b,
                     harmonics + begin * n_harmonics);
  }
}

template <class real>
void PairSums<real>::add_to_coefficients(const real *a, const real *b, real *gradient) const {
  for_all_channels([&](const Channels &channels) {
    kernels.add_to_coefficients(pairs, coupling, channels, a, b, gradient);
  });
}

template struct PairSums<float>;
template struct PairSums<double>;

}  // namespace eippot
