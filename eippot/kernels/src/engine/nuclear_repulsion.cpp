#include "engine/nuclear_repulsion.h"

#include <algorithm>
#include <cmath>

namespace eippot {

namespace {

constexpr double soft = 0.1;          // [Angstrom] nuclei are softened below
constexpr double begin = 0.45 / 0.9;  // of the switch, in units of its end

struct Value {
  double value;
  double derivative;
};

/// The distance r, but (3/8 + 3/4 u^2 - 1/8 u^4) soft below `soft`, u = r / soft.
Value softened(double distance) {
  const double u = std::min(distance / soft, 1.0);
  const double value = distance + soft * (0.375 - u + 0.75 * u * u - 0.125 * u * u * u * u);
  return {value, u < 1.0 ? 1.5 * u - 0.5 * u * u * u : 1.0};
}

/// 1 up to `begin`, then 1 - 10 t^3 + 15 t^4 - 6 t^5, 0 from 1 on.
Value switched(double x) {
  const double t = std::min(std::max((x - begin) / (1.0 - begin), 0.0), 1.0);
  const double value = 1.0 - t * t * t * (10.0 - t * (15.0 - 6.0 * t));
  return {value, -30.0 * t * t * (1.0 - t) * (1.0 - t) / (1.0 - begin)};
}

}  // namespace

NuclearRepulsion::NuclearRepulsion(Parameters &from)
    : coefficients_(from.array("potential.core.coefficients", 4)),
      exponents_(from.array("potential.core.exponents", 4)),
      n_species_(static_cast<std::size_t>(from.number("n_species"))),
      strength_(from.array("potential.core.strength", n_species_ * n_species_)),
      length_(from.array("potential.core.length", n_species_ * n_species_)),
      outer_(from.array("potential.core.outer", n_species_ * n_species_)) {}

NuclearRepulsion::PairEnergy NuclearRepulsion::pair(double distance, std::size_t kinds) const {
  const Value r = softened(distance), fade = switched(distance / outer_[kinds]);
  double screening = 0.0, slope = 0.0;
  for (std::size_t k = 0; k < coefficients_.size(); ++k) {
    const double part = coefficients_[k] * std::exp(-exponents_[k] * r.value / length_[kinds]);
    screening += part;
    slope -= part * exponents_[k] / length_[kinds];
  }
  const double energy = strength_[kinds] * screening / r.value;
  const double derivative = strength_[kinds] * (slope - screening / r.value) / r.value;
  return {energy * fade.value,
          derivative * r.derivative * fade.value + energy * fade.derivative / outer_[kinds]};
}

void NuclearRepulsion::add(const Neighborhoods &around, int center,
                           const std::vector<Neighbor> &neighbors,
                           const EnergiesAndForces &results) const {
  for (const Neighbor &neighbor : neighbors) {
    const double *r = neighbor.vector;
    const double distance = std::sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]);
    const std::size_t kinds = around.species[center] * n_species_ + around.species[neighbor.node];
    if (!(distance < outer_[kinds])) continue;
    const PairEnergy found = pair(distance, kinds);
    results.energies[center] += 0.5 * found.energy;
    if (distance == 0.0) continue;
    const double ends = 0.5 * (around.counts(center) + around.counts(neighbor.node));
    double force[3];
    for (int d = 0; d < 3; ++d) {
      force[d] = ends * found.derivative * r[d] / distance;
      results.forces[3L * center + d] += force[d];
    }
    if (!results.virials) continue;
    const double products[6] = {force[0] * r[0], force[1] * r[1], force[2] * r[2],
                                force[0] * r[1], force[0] * r[2], force[1] * r[2]};
    for (int k = 0; k < 6; ++k) results.virials[6L * center + k] -= 0.5 * products[k];
  }
}

}  // namespace eippot
