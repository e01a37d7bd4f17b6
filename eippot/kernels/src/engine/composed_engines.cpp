#include "engine/composed_engines.h"

#include <algorithm>

namespace eippot {

namespace {

/// to += (from - to) / count: the running mean, exact where all agree.
void take_mean(const std::vector<double> &from, double *to, std::size_t count) {
  for (std::size_t k = 0; k < from.size(); ++k) to[k] += (from[k] - to[k]) / count;
}

}  // namespace

template <class real>
void EngineWithRepulsion<real>::evaluate(const Neighborhoods &around,
                                         const RowExchange<real> &exchange, int n_threads,
                                         const EnergiesAndForces &results) {
  network_->evaluate(around, exchange, n_threads, results);
#pragma omp parallel num_threads(std::max(n_threads, 1))
  {
    std::vector<Neighbor> neighbors;
#pragma omp for
    for (int center = 0; center < around.n_centers; ++center) {
      around.find(center, neighbors);
      repulsion_.add(around, center, neighbors, results);
    }
  }
}

template <class real>
void CommitteeEngine<real>::evaluate(const Neighborhoods &around, const RowExchange<real> &exchange,
                                     int n_threads, const EnergiesAndForces &results) {
  members_.front()->evaluate(around, exchange, n_threads, results);
  const std::size_t n = around.n_centers;
  energies_.resize(n);
  forces_.resize(3 * n);
  virials_.resize(results.virials ? 6 * n : 0);
  for (std::size_t member = 1; member < members_.size(); ++member) {
    members_[member]->evaluate(
        around, exchange, n_threads,
        {energies_.data(), forces_.data(), results.virials ? virials_.data() : nullptr});
    take_mean(energies_, results.energies, member + 1);
    take_mean(forces_, results.forces, member + 1);
    take_mean(virials_, results.virials, member + 1);
  }
}

template <class real>
std::size_t CommitteeEngine<real>::bytes() const {
  std::size_t total =
      (energies_.capacity() + forces_.capacity() + virials_.capacity()) * sizeof(double);
  for (const auto &member : members_) total += member->bytes();
  return total;
}

template class EngineWithRepulsion<float>;
template class EngineWithRepulsion<double>;
template class CommitteeEngine<float>;
template class CommitteeEngine<double>;

}  // namespace eippot
