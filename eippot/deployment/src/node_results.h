/// What a model says about atoms, in the form in which LAMMPS takes it.

#ifndef EIPPOT_NODE_RESULTS_H
#define EIPPOT_NODE_RESULTS_H

#include <vector>

#include "exported_model.h"

namespace eippot {

/// What is computed beside energies and forces.
struct Wanted {
  bool virials = false;
  bool centroid_virials = false;
};

/// Rows are those of nodes: of all N, where what stands at nodes of other processes is to be added
/// to their owners; or of the owned ones, where nothing is left to add. Units are eV and Angstrom.
struct NodeResults {
  std::vector<double> energies;          ///< (n_owned,) with the reference energies
  std::vector<double> forces;            ///< (rows, 3)
  std::vector<double> virials;           ///< (rows, 6) xx yy zz xy xz yz: half of each edge
  std::vector<double> centroid_virials;  ///< (rows, 9) xx yy zz xy xz yz yx zx zy
};

/// Sums what a TorchScript model says of edges, virials as far as they are wanted.
void sum_edges(const AtomGraph &graph, const Evaluation &evaluation, const Wanted &wanted,
               NodeResults &results);

}  // namespace eippot

#endif
