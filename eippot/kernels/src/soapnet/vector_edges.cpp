#include "soapnet/vector_edges.h"

#include <algorithm>

namespace eippot {

template <class real>
void VectorEdges<real>::reset(const Blocks &blocks) {
  n_centers_ = blocks.n_centers;
  stored_.resize(blocks.count());
  of_center_.resize(n_centers_);
}

template <class real>
void VectorEdges<real>::fill(const Neighborhoods &around, Block block, Scratch &scratch) {
  const double cutoff_squared = cutoff_ * cutoff_;
  std::vector<Neighbor> &near = scratch.near;
  near.clear();
  for (int center = block.begin; center < block.end; ++center) {
    const auto first = static_cast<std::ptrdiff_t>(near.size());
    around.find(center, scratch.neighbors);
    for (const Neighbor &neighbor : scratch.neighbors) {
      const double *v = neighbor.vector;
      const double square = v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
      if (square < cutoff_squared) near.push_back(neighbor);  // not what is not a number
    }
    if (n_species_ > 1) {
      std::stable_sort(near.begin() + first, near.end(), [&](const Neighbor &a, const Neighbor &b) {
        return around.species[a.node] < around.species[b.node];
      });
    }
    of_center_[center].n = static_cast<int>(near.size() - first);
  }
  Stored &stored = stored_[block.index];
  const std::size_t n = near.size(), room = n + n / 8;
  stored.nodes.resize(room + nodes_read_ahead);
  stored.edges.resize(room);
  for (std::size_t e = 0; e < n; ++e) {
    stored.nodes[e] = near[e].node;
    for (int d = 0; d < 3; ++d) stored.edges[e].vector[d] = static_cast<real>(near[e].vector[d]);
  }
  std::size_t first = 0;
  for (int center = block.begin; center < block.end; ++center) {
    EdgesOfCenter<real> &own = of_center_[center];
    own.nodes = stored.nodes.data() + first;
    own.edges = stored.edges.data() + first;
    first += own.n;
  }
}

/// Has the processor fetch the nodes that the neighbors of a center have around them.
template <class real>
void VectorEdges<real>::fetch_neighbors(int center) const {
  const EdgesOfCenter<real> &own = of_center_[center];
  for (int e = 0; e < own.n; ++e) {
    if (own.nodes[e] >= n_centers_) continue;
    const EdgesOfCenter<real> &others = of_center_[own.nodes[e]];
    __builtin_prefetch(others.nodes);
    __builtin_prefetch(others.nodes + nodes_read_ahead);
  }
}

/// For each edge of a center where it probably is among those of its other end, or -1; the
/// processor is to fetch what is there.
template <class real>
void VectorEdges<real>::find_likely(int center, std::vector<int> &places) const {
  const EdgesOfCenter<real> &own = of_center_[center];
  places.resize(own.n);
  for (int e = 0; e < own.n; ++e) {
    places[e] = -1;
    if (own.nodes[e] >= n_centers_) continue;
    const EdgesOfCenter<real> &others = of_center_[own.nodes[e]];
    places[e] = kernels_.find_node(others.nodes, others.n, center);
    __builtin_prefetch(others.edges + std::max(places[e], 0));
  }
}

/// An edge seen from its other end, which is a center. nullptr if there is none: at the cutoff,
/// rounding may let only one end see it.
template <class real>
const VectorEdge<real> *VectorEdges<real>::reversed(int center, int e, int likely) const {
  constexpr auto tolerance = static_cast<real>(1e-4);  // [Angstrom^2]; two images are much farther
  const EdgesOfCenter<real> &own = of_center_[center], &others = of_center_[own.nodes[e]];
  const auto is_reversed = [&](int k) {
    real square = 0;
    for (int d = 0; d < 3; ++d) {
      const real sum = others.edges[k].vector[d] + own.edges[e].vector[d];
      square += sum * sum;
    }
    return square < tolerance;
  };
  if (likely >= 0 && is_reversed(likely)) return others.edges + likely;
  for (int k = 0; k < others.n; ++k) {
    if (others.nodes[k] == center && is_reversed(k)) return others.edges + k;
  }
  return nullptr;
}

template <class real>
void VectorEdges<real>::sum_forces(int center, const std::vector<int> &likely, double *force,
                                   double *products) const {
  const EdgesOfCenter<real> &own = of_center_[center];
  for (int e = 0; e < own.n; ++e) {
    const VectorEdge<real> &edge = own.edges[e];
    double f[3] = {edge.gradient[0], edge.gradient[1], edge.gradient[2]};
    if (own.nodes[e] < n_centers_) {
      const VectorEdge<real> *back = reversed(center, e, likely[e]);
      for (int d = 0; d < 3 && back; ++d) f[d] -= back->gradient[d];
    }
    for (int d = 0; d < 3; ++d) force[d] += f[d];
    if (!products) continue;
    const double x = edge.vector[0], y = edge.vector[1], z = edge.vector[2];
    products[0] += x * f[0];
    products[1] += y * f[1];
    products[2] += z * f[2];
    products[3] += 0.5 * (x * f[1] + y * f[0]);
    products[4] += 0.5 * (x * f[2] + z * f[0]);
    products[5] += 0.5 * (y * f[2] + z * f[1]);
  }
}

template <class real>
void VectorEdges<real>::sum_forces(Block block, Scratch &scratch,
                                   const EnergiesAndForces &results) const {
  for (int center = block.begin; center < block.end; ++center) {
    if (center + 1 < n_centers_) fetch_neighbors(center + 1);
    double force[3] = {}, products[6] = {};
    find_likely(center, scratch.places);
    sum_forces(center, scratch.places, force, results.virials ? products : nullptr);
    std::copy_n(force, 3, results.forces + 3L * center);
    for (int k = 0; k < 6 && results.virials; ++k)
      results.virials[6L * center + k] = -0.5 * products[k];
  }
}

template <class real>
std::size_t VectorEdges<real>::bytes() const {
  std::size_t total = of_center_.capacity() * sizeof(EdgesOfCenter<real>);
  for (const Stored &stored : stored_) total += stored.nodes.bytes() + stored.edges.bytes();
  return total;
}

template class VectorEdges<float>;
template class VectorEdges<double>;

}  // namespace eippot
