/// The edges of each block of centers, center by center, with their vectors and what the energy of
/// the center is changed by them.
///
/// The edges of a center are in the order of their neighbors' species.

#ifndef EIPPOT_VECTOR_EDGES_H
#define EIPPOT_VECTOR_EDGES_H

#include <vector>

#include "aligned_array.h"
#include "blocks.h"
#include "engine.h"
#include "neighborhoods.h"

namespace eippot {

/// E edges of one block.
template <class real>
struct BlockEdges {
  int n = 0;                      ///< E
  std::vector<int> first;         ///< (centers + 1,) first edge of each center
  std::vector<std::int32_t> node;  ///< (E,) neighbors
  /// (E,) components of vectors [Angstrom]; readable, and zero, up to a multiple of edges_in_block.
  AlignedArray<real> x, y, z;
  AlignedArray<real> gradient;  ///< (E, 3) of an energy by the vectors [eV/Angstrom]

  void resize(int n_edges);
  std::size_t bytes() const;
};

template <class real>
class VectorEdges {
 public:
  /// What one thread needs to sort.
  struct Scratch {
    std::vector<Neighbor> neighbors, near;
    std::vector<int> next;
  };

  VectorEdges(double cutoff, int n_species) : cutoff_(cutoff), n_species_(n_species) {}

  void reset(const Blocks &blocks);

  /// Fills one block's edges; different blocks may be filled at the same time.
  void fill(const Neighborhoods &around, Block block, Scratch &scratch);

  BlockEdges<real> &operator[](Block block) { return edges_[block.index]; }

  /// Forces and virials of the centers of a block. The gradients of edges between centers are those
  /// of the energy of the edge's center; those of other edges, of the energy of both ends.
  void sum_forces(Block block, const EnergiesAndForces &results) const;

  std::size_t bytes() const;

 private:
  const real *reversed(const BlockEdges<real> &edges, int edge, int center) const;

  double cutoff_;
  int n_species_;
  Blocks blocks_ = {};
  std::vector<BlockEdges<real>> edges_;
};

}  // namespace eippot

#endif
