/// The repulsion of nuclei beside a network: Ziegler, Biersack and Littmark (1985), faded out.

#ifndef EIPPOT_NUCLEAR_REPULSION_H
#define EIPPOT_NUCLEAR_REPULSION_H

#include <vector>

#include "engine/engine.h"

namespace eippot {

/// E = sum over pairs of s(r/outer) strength phi(r/length) / r, in Angstrom and eV; see the class
/// ZBL of eippot.models, of which this is the twin.
class NuclearRepulsion {
 public:
  /// Whether the model has one.
  static bool is_in(const Parameters &from) { return from.has("potential.core.strength"); }

  explicit NuclearRepulsion(Parameters &from);

  /// Adds energy, force and virial of one center to what is there.
  void add(const Neighborhoods &around, int center, const std::vector<Neighbor> &neighbors,
           const EnergiesAndForces &results) const;

 private:
  struct PairEnergy {
    double energy;      // [eV]
    double derivative;  // by the distance [eV/Angstrom]
  };
  PairEnergy pair(double distance, std::size_t kinds) const;

  std::vector<double> coefficients_;  // (4,) of phi
  std::vector<double> exponents_;     // (4,)
  std::size_t n_species_;             // S
  std::vector<double> strength_;      // (S, S) [eV Angstrom]
  std::vector<double> length_;        // (S, S) [Angstrom]
  std::vector<double> outer_;         // (S, S) [Angstrom]
};

}  // namespace eippot

#endif
