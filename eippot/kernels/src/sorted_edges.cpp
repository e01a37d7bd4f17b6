#include "sorted_edges.h"

#include <algorithm>
#include <cmath>

namespace eippot {

template <class real>
void SortedEdges<real>::reset(std::int64_t n_edges, int n_blocks) {
  edges_.resize(n_edges);
  begin_.resize(n_blocks);
  count_.resize(n_blocks);
}

/// Edges within the cutoff, in the caller's order; scratch.next[b + 1] counts those of bin b.
template <class real>
void SortedEdges<real>::collect(const Neighborhoods<real> &around, Block block,
                                Scratch &scratch) const {
  const std::int64_t first = around.first[block.begin];
  scratch.unsorted.resize(around.first[block.end] - first);
  scratch.next.assign(n_bins_ + 1, 0);
  std::size_t n = 0;
  for (int center = block.begin; center < block.end; ++center) {
    for (std::int64_t edge = around.first[center]; edge < around.first[center + 1]; ++edge) {
      real v[3];
      around.displacement(edge, center, v);
      const real distance = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
      if (!(distance < cutoff_)) continue;  // also what is not a number
      const real coordinate = distance * bins_per_length_;
      scratch.unsorted[n++] = {around.neighbors[edge], center - block.begin,
                               static_cast<std::int32_t>(edge - first), coordinate, real{}};
      ++scratch.next[std::min(static_cast<int>(coordinate), n_bins_ - 1) + 1];
    }
  }
  scratch.unsorted.resize(n);
}

template <class real>
void SortedEdges<real>::fill(const Neighborhoods<real> &around, int index, Block block,
                             Scratch &scratch) {
  collect(around, block, scratch);
  begin_[index] = around.first[block.begin];
  count_[index] = static_cast<int>(scratch.unsorted.size());
  for (int bin = 1; bin < n_bins_; ++bin) scratch.next[bin] += scratch.next[bin - 1];
  Edge<real> *to = edges_.data() + begin_[index];
  for (const Edge<real> &edge : scratch.unsorted) {
    to[scratch.next[std::min(static_cast<int>(edge.coordinate), n_bins_ - 1)]++] = edge;
  }
}

template class SortedEdges<float>;
template class SortedEdges<double>;

}  // namespace eippot
