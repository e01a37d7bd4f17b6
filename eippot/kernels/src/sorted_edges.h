/// The edges of each block of centers, within the cutoff and ordered by bin of the table.
///
/// Neighboring edges then share the coefficients of their filters, which so are read from memory
/// once per block and not once per edge.

#ifndef EIPPOT_SORTED_EDGES_H
#define EIPPOT_SORTED_EDGES_H

#include <vector>

#include "aligned_array.h"
#include "neighborhoods.h"
#include "vector_kernels.h"

namespace eippot {

/// A range of centers.
struct Block {
  int begin;
  int end;
  int size() const { return end - begin; }
};

template <class real>
class SortedEdges {
 public:
  /// What one thread needs to sort.
  struct Scratch {
    std::vector<Edge<real>> unsorted;
    std::vector<int> next;
  };

  SortedEdges(double cutoff, int n_bins)
      : cutoff_(static_cast<real>(cutoff)),
        bins_per_length_(static_cast<real>(n_bins / cutoff)),
        n_bins_(n_bins) {}

  /// Room for the edges of `n_blocks` blocks.
  void reset(std::int64_t n_edges, int n_blocks);

  /// Fills one block's edges; different blocks may be filled at the same time.
  void fill(const Neighborhoods<real> &around, int index, Block block, Scratch &scratch);

  EdgeRange<real> operator[](int block) { return {edges_.data() + begin_[block], count_[block]}; }

  /// Bins per length [1/Angstrom].
  real bins_per_length() const { return bins_per_length_; }

  std::size_t bytes() const { return edges_.bytes(); }

 private:
  void collect(const Neighborhoods<real> &around, Block block, Scratch &scratch) const;

  real cutoff_;
  real bins_per_length_;
  int n_bins_;
  AlignedArray<Edge<real>> edges_;   // those of a block begin where the caller's do
  std::vector<std::int64_t> begin_;  // (blocks,)
  std::vector<int> count_;           // (blocks,)
};

}  // namespace eippot

#endif
