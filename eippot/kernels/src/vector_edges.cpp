#include "vector_edges.h"

#include <algorithm>

#include "dense.h"
#include "soap_kernels.h"

namespace eippot {

template <class real>
void BlockEdges<real>::resize(int n_edges) {
  n = n_edges;
  const int padded = round_up(n, edges_in_block);
  node.resize(n);
  for (auto *component : {&x, &y, &z}) {
    component->resize(padded + padded / 8);
    std::fill_n(component->data() + n, padded - n, real{});
  }
  gradient.resize(3 * (n + n / 8));
}

template <class real>
std::size_t BlockEdges<real>::bytes() const {
  return x.bytes() + y.bytes() + z.bytes() + gradient.bytes() + node.capacity() * sizeof(node[0]) +
         first.capacity() * sizeof(first[0]);
}

template <class real>
void VectorEdges<real>::reset(const Blocks &blocks) {
  blocks_ = blocks;
  edges_.resize(blocks.count());
}

template <class real>
void VectorEdges<real>::fill(const Neighborhoods &around, Block block, Scratch &scratch) {
  BlockEdges<real> &edges = edges_[block.index];
  const double cutoff_squared = cutoff_ * cutoff_;
  scratch.near.clear();
  edges.first.assign(1, 0);
  for (int center = block.begin; center < block.end; ++center) {
    around.find(center, scratch.neighbors);
    for (const Neighbor &neighbor : scratch.neighbors) {
      const double *v = neighbor.vector;
      const double square = v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
      if (square < cutoff_squared) scratch.near.push_back(neighbor);  // not what is not a number
    }
    const auto species = [&](const Neighbor &neighbor) { return around.species[neighbor.node]; };
    if (n_species_ > 1) {
      std::stable_sort(
          scratch.near.begin() + edges.first.back(), scratch.near.end(),
          [&](const Neighbor &a, const Neighbor &b) { return species(a) < species(b); });
    }
    edges.first.push_back(static_cast<int>(scratch.near.size()));
  }
  edges.resize(edges.first.back());
  for (int e = 0; e < edges.n; ++e) {
    const Neighbor &neighbor = scratch.near[e];
    edges.node[e] = neighbor.node;
    edges.x[e] = static_cast<real>(neighbor.vector[0]);
    edges.y[e] = static_cast<real>(neighbor.vector[1]);
    edges.z[e] = static_cast<real>(neighbor.vector[2]);
  }
}

/// The gradient of the same edge seen from its other end, which is a center. nullptr if it has no
/// such edge: at the cutoff, rounding may let it see only one of both.
template <class real>
const real *VectorEdges<real>::reversed(const BlockEdges<real> &edges, int edge,
                                        int center) const {
  const std::int32_t other = edges.node[edge];
  const BlockEdges<real> &others = edges_[other / blocks_.block_size];
  const int place = other % blocks_.block_size;
  const real *found = nullptr;
  real least = static_cast<real>(1e-4);  // [Angstrom^2]; much closer than two images of an atom
  for (int e = others.first[place]; e < others.first[place + 1]; ++e) {
    if (others.node[e] != center) continue;
    const real x = others.x[e] + edges.x[edge], y = others.y[e] + edges.y[edge],
               z = others.z[e] + edges.z[edge];
    const real square = x * x + y * y + z * z;
    if (square < least) {
      least = square;
      found = others.gradient.data() + 3 * e;
    }
  }
  return found;
}

template <class real>
void VectorEdges<real>::sum_forces(Block block, const EnergiesAndForces &results) const {
  const BlockEdges<real> &edges = edges_[block.index];
  for (int center = block.begin; center < block.end; ++center) {
    double force[3] = {}, products[6] = {};
    const int last = edges.first[center - block.begin + 1];
    for (int e = edges.first[center - block.begin]; e < last; ++e) {
      const real *own = edges.gradient.data() + 3 * e;
      double f[3] = {own[0], own[1], own[2]};
      if (edges.node[e] < blocks_.n_centers) {
        const real *back = reversed(edges, e, center);
        for (int d = 0; d < 3 && back; ++d) f[d] -= back[d];
      }
      const double x = edges.x[e], y = edges.y[e], z = edges.z[e];
      for (int d = 0; d < 3; ++d) force[d] += f[d];
      products[0] += x * f[0];
      products[1] += y * f[1];
      products[2] += z * f[2];
      products[3] += 0.5 * (x * f[1] + y * f[0]);
      products[4] += 0.5 * (x * f[2] + z * f[0]);
      products[5] += 0.5 * (y * f[2] + z * f[1]);
    }
    std::copy_n(force, 3, results.forces + 3L * center);
    for (int k = 0; k < 6 && results.virials; ++k)
      results.virials[6L * center + k] = -0.5 * products[k];
  }
}

template <class real>
std::size_t VectorEdges<real>::bytes() const {
  std::size_t total = 0;
  for (const auto &edges : edges_) total += edges.bytes();
  return total;
}

template struct BlockEdges<float>;
template struct BlockEdges<double>;
template class VectorEdges<float>;
template class VectorEdges<double>;

}  // namespace eippot
