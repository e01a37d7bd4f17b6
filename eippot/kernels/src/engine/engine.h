/// Energies and forces of a compressed model on the CPU, without torch.

#ifndef EIPPOT_ENGINE_H
#define EIPPOT_ENGINE_H

#include <functional>
#include <memory>
#include <string>

#include "common/vector_kernels.h"
#include "engine/neighborhoods.h"
#include "engine/parameters.h"

namespace eippot {

/// Where results go: the caller's arrays.
struct EnergiesAndForces {
  double *energies = nullptr;  ///< (n_centers,) [eV]; an isolated atom has its energy exactly
  double *forces = nullptr;    ///< (n_centers, 3) [eV/Angstrom], of all energies that count, those
                               ///< of other processes included
  double *virials = nullptr;   ///< (n_centers, 6) xx yy zz xy xz yz of -1/2 sum over neighbors of
                               ///< r (x) dE/dr [eV], as LAMMPS has it; nullptr if not wanted
};

/// Copies rows of nodes (N, width) from the processes that have them as centers to the further
/// nodes, n_centers ... N - 1. Empty if there are none.
template <class real>
using RowExchange = std::function<void(real *rows, int width)>;

template <class real>
class Engine {
 public:
  virtual ~Engine() = default;

  virtual void evaluate(const Neighborhoods &around, const RowExchange<real> &exchange,
                        int n_threads, const EnergiesAndForces &results) = 0;

  /// Of the arrays that grow with the number of atoms.
  virtual std::size_t bytes() const = 0;
};

/// The engine of an architecture; NoEngine if there is none for such a model.
template <class real>
std::unique_ptr<Engine<real>> make_engine(const std::string &architecture, Parameters parameters,
                                          const Kernels<real> &kernels = best_kernels<real>());

}  // namespace eippot

#endif
