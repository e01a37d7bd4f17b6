/// The edges of each block of centers, within the cutoff and ordered by bin of the table.
///
/// Neighboring edges then share the coefficients of their filters, which so are read from memory
/// once per block and not once per edge.

#ifndef EIPPOT_SORTED_EDGES_H
#define EIPPOT_SORTED_EDGES_H

#include <vector>

#include "common/blocks.h"
#include "common/vector_kernels.h"
#include "engine/neighborhoods.h"

namespace eippot {

template <class real, class AnyEdge = Edge<real>>
class SortedEdges {
 public:
  /// What one thread needs to sort.
  struct Scratch {
    std::vector<Neighbor> neighbors;
    std::vector<AnyEdge> unsorted;
    std::vector<int> next;
  };

  /// Edges shorter than `shortest` [Angstrom] are taken to have that length.
  SortedEdges(double cutoff, int n_bins, double shortest = 0.0)
      : cutoff_(static_cast<real>(cutoff)),
        shortest_(static_cast<real>(shortest)),
        bins_per_length_(static_cast<real>(n_bins / cutoff)),
        n_bins_(n_bins) {}

  void reset(int n_blocks) {
    edges_.resize(n_blocks);
    n_listed_.resize(n_blocks);
  }

  /// Fills one block's edges; different blocks may be filled at the same time.
  void fill(const Neighborhoods &around, Block block, Scratch &scratch);

  RangeOf<AnyEdge> operator[](Block block) {
    std::vector<AnyEdge> &edges = edges_[block.index];
    return {edges.data(), static_cast<int>(edges.size())};
  }

  /// Which of a block's centers have neighbors, (block size,).
  void mark_bonded(Block block, std::vector<char> &bonded) const {
    bonded.assign(block.size(), 0);
    for (const auto &edge : edges_[block.index]) bonded[edge.center] = 1;
  }

  /// How many neighbors the lists of a block have, those beyond the cutoff included.
  std::int32_t n_listed(Block block) const { return n_listed_[block.index]; }

  /// Bins per length [1/Angstrom].
  real bins_per_length() const { return bins_per_length_; }

  std::size_t bytes() const;

 private:
  void collect(const Neighborhoods &around, Block block, Scratch &scratch);

  real cutoff_;
  real shortest_;
  real bins_per_length_;
  int n_bins_;
  std::vector<std::vector<AnyEdge>> edges_;  // of each block
  std::vector<std::int32_t> n_listed_;
};

}  // namespace eippot

#endif
