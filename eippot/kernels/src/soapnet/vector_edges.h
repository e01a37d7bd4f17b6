/// The edges of each block of centers, center by center, with their vectors and what the energy of
/// the center is changed by them.
///
/// The edges of a center are in the order of their neighbors' species.

#ifndef EIPPOT_VECTOR_EDGES_H
#define EIPPOT_VECTOR_EDGES_H

#include <vector>

#include "common/aligned_array.h"
#include "common/blocks.h"
#include "engine/engine.h"
#include "engine/neighborhoods.h"
#include "soapnet/soap_kernels.h"

namespace eippot {

template <class real>
struct VectorEdge {
  real vector[3];    ///< [Angstrom]
  real gradient[3];  ///< of an energy by the vector [eV/Angstrom]
};

/// The edges of one center.
template <class real>
struct EdgesOfCenter {
  const std::int32_t *nodes;  ///< (n,) neighbors
  VectorEdge<real> *edges;    ///< (n,)
  int n;
};

template <class real>
class VectorEdges {
 public:
  /// What one thread needs to sort.
  struct Scratch {
    std::vector<Neighbor> neighbors, near;
    std::vector<int> places;
  };

  VectorEdges(double cutoff, int n_species, const SoapKernels<real> &kernels)
      : cutoff_(cutoff), n_species_(n_species), kernels_(kernels) {}

  void reset(const Blocks &blocks);

  /// Fills one block's edges; different blocks may be filled at the same time.
  void fill(const Neighborhoods &around, Block block, Scratch &scratch);

  const EdgesOfCenter<real> &operator[](int center) const { return of_center_[center]; }

  /// Those of a block are one behind the other.
  int count(Block block) const {
    const EdgesOfCenter<real> &last = of_center_[block.end - 1];
    return static_cast<int>(last.edges + last.n - of_center_[block.begin].edges);
  }

  /// Forces and virials of the centers of a block. The gradients of edges between centers are those
  /// of the energy of the edge's center; those of other edges, of the energies of both ends.
  void sum_forces(Block block, Scratch &scratch, const EnergiesAndForces &results) const;

  std::size_t bytes() const;

 private:
  struct Stored {
    AlignedArray<std::int32_t> nodes;
    AlignedArray<VectorEdge<real>> edges;
  };

  void fetch_neighbors(int center) const;
  void find_likely(int center, std::vector<int> &places) const;
  const VectorEdge<real> *reversed(int center, int e, int likely) const;
  void sum_forces(int center, const std::vector<int> &likely, double *force,
                  double *products) const;

  double cutoff_;
  int n_species_;
  const SoapKernels<real> &kernels_;
  int n_centers_ = 0;
  std::vector<Stored> stored_;                  // of each block
  std::vector<EdgesOfCenter<real>> of_center_;  // (n_centers,)
};

}  // namespace eippot

#endif
