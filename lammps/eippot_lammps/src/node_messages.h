/// Rows of a model's nodes on their way between ranks.
///
/// A rank asks each other one, as often as LAMMPS makes its neighbor list anew, for the atoms that
/// it has nodes of. From then on their rows come straight from their owners, in one message each:
/// LAMMPS' own ways lead over up to three ranks, and carry every ghost, folded ones included.

#ifndef EIPPOT_NODE_MESSAGES_H
#define EIPPOT_NODE_MESSAGES_H

#include <mpi.h>

#include <vector>

#include "exported_model.h"
#include "neighbor_graph.h"

namespace eippot {

class NodeMessages final : public NodeExchange {
 public:
  /// To be called by all ranks of `world` after their nodes have been numbered.
  void plan(MPI_Comm world, const NeighborGraph &nodes);

  void to_ghosts(void *rows, int bytes) override;
  void to_owners(double *rows, int width) override;

 private:
  /// Another rank, and the rows that go to it or come from it.
  struct Partner {
    int rank;
    int first;
    int count;
  };
  enum class Way { to_ghosts, to_owners };

  void carry(Way way, char *of_ghosts, char *of_owned, int bytes) const;
  static std::vector<Partner> partners(const std::vector<int> &counts);

  MPI_Comm world_ = MPI_COMM_NULL;
  int n_owned_ = 0;
  int n_ghosts_ = 0;             // nodes of other ranks' atoms, which follow the owned ones
  std::vector<Partner> owners_;  // of those
  std::vector<Partner> users_;   // of owned nodes, by their places in lent_
  std::vector<int> lent_;        // owned nodes that others have; -1: an atom that is no node here
  std::vector<char> rows_;       // of lent_, on their way
};

}  // namespace eippot

#endif
