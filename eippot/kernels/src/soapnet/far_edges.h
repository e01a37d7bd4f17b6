/// The edges of centers to further nodes, seen from there.

#ifndef EIPPOT_FAR_EDGES_H
#define EIPPOT_FAR_EDGES_H

#include <vector>

#include "engine/neighborhoods.h"
#include "soapnet/vector_edges.h"

namespace eippot {

/// Ordered by further node, and then by the species of the center.
template <class real>
class FarEdges {
 public:
  void collect(const Neighborhoods &around, const VectorEdges<real> &edges, int n_species);

  /// Edges of a further node to centers of one species are first(node, species) ... first(node,
  /// species + 1) - 1; nodes are counted from the first further one.
  int first(int node, int species) const { return first_[node * n_species_ + species]; }

  /// As the center has it.
  VectorEdge<real> &operator[](int k) const { return *edges_[k]; }

  std::size_t bytes() const;

 private:
  int n_species_ = 0;
  std::vector<int> first_;                 // (further nodes * S + 1,)
  std::vector<VectorEdge<real> *> edges_;  // in VectorEdges
};

}  // namespace eippot

#endif
