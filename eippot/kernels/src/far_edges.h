/// The edges of centers to further nodes, seen from there.

#ifndef EIPPOT_FAR_EDGES_H
#define EIPPOT_FAR_EDGES_H

#include <vector>

#include "blocks.h"
#include "neighborhoods.h"
#include "vector_edges.h"

namespace eippot {

struct FarEdge {
  int block;  ///< of the center
  int edge;   ///< in the block
};

/// Ordered by further node, and then by the species of the center.
class FarEdges {
 public:
  template <class real>
  void collect(const Neighborhoods &around, const Blocks &blocks, VectorEdges<real> &edges,
               int n_species);

  /// Edges of a further node to centers of one species are first(node, species) ... first(node,
  /// species + 1) - 1; nodes are counted from the first further one.
  int first(int node, int species) const { return first_[node * n_species_ + species]; }

  const FarEdge &operator[](int k) const { return edges_[k]; }

  std::size_t bytes() const;

 private:
  int n_species_ = 0;
  std::vector<int> first_;  // (further nodes * S + 1,)
  std::vector<FarEdge> edges_;
};

}  // namespace eippot

#endif
