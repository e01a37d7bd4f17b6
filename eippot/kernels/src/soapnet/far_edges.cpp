#include "soapnet/far_edges.h"

namespace eippot {

namespace {

/// Calls action(further node, species of the center, edge) for all edges to further nodes.
template <class real, class Action>
void for_each(const Neighborhoods &around, const VectorEdges<real> &edges, Action action) {
  for (int center = 0; center < around.n_centers; ++center) {
    const EdgesOfCenter<real> &own = edges[center];
    for (int e = 0; e < own.n; ++e) {
      const int node = own.nodes[e] - around.n_centers;
      if (node >= 0) action(node, around.species[center], own.edges + e);
    }
  }
}

}  // namespace

template <class real>
void FarEdges<real>::collect(const Neighborhoods &around, const VectorEdges<real> &edges,
                             int n_species) {
  n_species_ = n_species;
  const std::size_t n_nodes = around.n_nodes - around.n_centers;
  first_.assign(n_nodes * n_species + 2, 0);  // counts of a key two places behind it, then its end
  for_each(around, edges, [&](int node, int species, const VectorEdge<real> *) {
    ++first_[node * n_species + species + 2];
  });
  for (std::size_t key = 2; key < first_.size(); ++key) first_[key] += first_[key - 1];
  edges_.resize(first_.back());
  for_each(around, edges, [&](int node, int species, VectorEdge<real> *edge) {
    edges_[first_[node * n_species + species + 1]++] = edge;
  });
}

template <class real>
std::size_t FarEdges<real>::bytes() const {
  return first_.capacity() * sizeof(int) + edges_.capacity() * sizeof(VectorEdge<real> *);
}

template class FarEdges<float>;
template class FarEdges<double>;

}  // namespace eippot
