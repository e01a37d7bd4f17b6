#include "far_edges.h"

namespace eippot {

namespace {

/// Calls action(node, species of the center, edge) for all edges to further nodes.
template <class real, class Action>
void for_each(const Neighborhoods &around, const Blocks &blocks, VectorEdges<real> &edges,
              Action action) {
  for (int index = 0; index < blocks.count(); ++index) {
    const Block block = blocks[index];
    const BlockEdges<real> &own = edges[block];
    for (int center = block.begin; center < block.end; ++center) {
      const int end = own.first[center - block.begin + 1];
      for (int e = own.first[center - block.begin]; e < end; ++e) {
        const int node = own.node[e] - around.n_centers;
        if (node >= 0) action(node, around.species[center], FarEdge{index, e});
      }
    }
  }
}

}  // namespace

template <class real>
void FarEdges::collect(const Neighborhoods &around, const Blocks &blocks, VectorEdges<real> &edges,
                       int n_species) {
  n_species_ = n_species;
  const std::size_t n_keys =
      static_cast<std::size_t>(around.n_nodes - around.n_centers) * n_species;
  first_.assign(n_keys + 2, 0);  // counts of a key two places behind it, and then its next place
  for_each(around, blocks, edges, [&](int node, int species, FarEdge) {
    ++first_[static_cast<std::size_t>(node) * n_species + species + 2];
  });
  for (std::size_t key = 2; key < first_.size(); ++key) first_[key] += first_[key - 1];
  edges_.resize(first_.back());
  for_each(around, blocks, edges, [&](int node, int species, FarEdge edge) {
    edges_[first_[static_cast<std::size_t>(node) * n_species + species + 1]++] = edge;
  });
}

std::size_t FarEdges::bytes() const {
  return first_.capacity() * sizeof(int) + edges_.capacity() * sizeof(FarEdge);
}

template void FarEdges::collect(const Neighborhoods &, const Blocks &, VectorEdges<float> &, int);
template void FarEdges::collect(const Neighborhoods &, const Blocks &, VectorEdges<double> &, int);

}  // namespace eippot
