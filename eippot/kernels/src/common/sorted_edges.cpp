#include "common/sorted_edges.h"

#include <algorithm>
#include <cmath>

#include "equivariant/tensor_kernels.h"

namespace eippot {

/// Edges within the cutoff, in the order in which they are found; scratch.next[b + 1] counts those
/// of bin b.
template <class real, class AnyEdge>
void SortedEdges<real, AnyEdge>::collect(const Neighborhoods &around, Block block,
                                         Scratch &scratch) {
  scratch.unsorted.clear();
  scratch.next.assign(n_bins_ + 1, 0);
  std::int32_t index = 0;
  for (int center = block.begin; center < block.end; ++center) {
    around.find(center, scratch.neighbors);
    for (const Neighbor &neighbor : scratch.neighbors) {
      const double *v = neighbor.vector;
      const auto distance = static_cast<real>(std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]));
      const std::int32_t found = index++;
      if (!(distance < cutoff_)) continue;  // also what is not a number
      const real length = std::max(distance, shortest_);
      const real coordinate = length * bins_per_length_;
      scratch.unsorted.push_back(
          AnyEdge::from(neighbor.node, center - block.begin, found, v, length, coordinate));
      ++scratch.next[std::min(static_cast<int>(coordinate), n_bins_ - 1) + 1];
    }
  }
  n_listed_[block.index] = index;
}

template <class real, class AnyEdge>
void SortedEdges<real, AnyEdge>::fill(const Neighborhoods &around, Block block, Scratch &scratch) {
  collect(around, block, scratch);
  for (int bin = 1; bin < n_bins_; ++bin) scratch.next[bin] += scratch.next[bin - 1];
  std::vector<AnyEdge> &edges = edges_[block.index];
  if (edges.capacity() < scratch.unsorted.size())
    edges.reserve(scratch.unsorted.size() + scratch.unsorted.size() / 8);
  edges.resize(scratch.unsorted.size());
  for (const AnyEdge &edge : scratch.unsorted) {
    edges[scratch.next[std::min(static_cast<int>(edge.coordinate), n_bins_ - 1)]++] = edge;
  }
}

template <class real, class AnyEdge>
std::size_t SortedEdges<real, AnyEdge>::bytes() const {
  std::size_t total = 0;
  for (const auto &edges : edges_) total += edges.capacity() * sizeof(AnyEdge);
  return total;
}

template class SortedEdges<float>;
template class SortedEdges<double>;
template class SortedEdges<float, DirectedEdge<float>>;
template class SortedEdges<double, DirectedEdge<double>>;

}  // namespace eippot
