/// Energies and forces of an equivariant network on the CPU, without torch.
///
/// As in SchNetEngine, centers are taken in blocks, and gather from their neighbors: nothing is
/// scattered, and results are the same for any number of threads. With g_i the gradient of the
/// energy by the sums over neighbors of atom i, and a message m(r, y) of harmonics Y(r) and
/// features y,
///   dE/dr of an edge = d/dr sum over convolutions of g_i . m(r_ij, y_j) + g_j . m(-r_ij, y_i),
///   dE/dy_i = sum over j of (dm/dy at -r_ij)^T g_j,
/// where m(-r) has Y(-r) = (-1)^l Y(r). The first convolution's y depend on the species alone, and
/// are in its tables.

#ifndef EIPPOT_EQUIVARIANT_ENGINE_H
#define EIPPOT_EQUIVARIANT_ENGINE_H

#include <vector>

#include "common/atomic_network.h"
#include "common/blocks.h"
#include "common/sorted_edges.h"
#include "engine/engine.h"
#include "equivariant/convolution.h"
#include "equivariant/edge_harmonics.h"

namespace eippot {

template <class real>
class EquivariantEngine final : public Engine<real> {
 public:
  explicit EquivariantEngine(const EquivariantWeights &weights,
                             const Kernels<real> &kernels = best_kernels<real>());

  void evaluate(const Neighborhoods &around, const RowExchange<real> &exchange, int n_threads,
                const EnergiesAndForces &results) override;

  std::size_t bytes() const override;

 private:
  /// A convolution, and rows of atoms.
  struct Layer {
    Convolution<real> convolution;
    std::vector<TensorPath<real>> paths;
    AlignedArray<real> values;    // (N, in_width) projected features; none in the first one
    AlignedArray<real> gradient;  // (N, sums_width) of the energy by sums over neighbors
    AlignedArray<real> updates;   // (n_centers, update_width), and then the gradient by them
  };

  /// What one thread works on: rows of one block.
  struct Scratch {
    AlignedArray<real> sums;       // (block, widest sums)
    AlignedArray<real> features;   // (block, widest features)
    AlignedArray<real> by_values;  // the same
    typename AtomicNetwork<real>::Scratch head;
    std::vector<char> bonded;                    // (block,) whether there are neighbors
    AlignedArray<real> harmonics, by_harmonics;  // (edges of a block, harmonics)
    typename SortedEdges<real, DirectedEdge<real>>::Scratch edges;
  };

  using Range = RangeOf<DirectedEdge<real>>;

  void reset(const Neighborhoods &around, int n_threads);
  static real *row(AlignedArray<real> &rows, int node, int width) {
    return rows.data() + static_cast<std::size_t>(node) * width;
  }
  real *updates(std::size_t layer, Block block) {
    return row(layers_[layer].updates, block.begin, layers_[layer].convolution.update_width());
  }
  real *gradient(std::size_t layer, Block block) {
    return row(layers_[layer].gradient, block.begin, layers_[layer].convolution.sums_width());
  }

  TensorEdges<real> tensor_edges(Block block, Scratch &scratch);
  void forward(std::size_t layer, Block block, Scratch &scratch);
  void read_energies(Block block, Scratch &scratch, const EnergiesAndForces &results);
  void backward(std::size_t layer, Block block, Scratch &scratch);
  void forces(Block block, Scratch &scratch, const EnergiesAndForces &results);
  void sum_forces(Block block, const EnergiesAndForces &results);

  const Kernels<real> &kernels_;
  int width_;  // channels and zeros up to whole panels
  std::vector<Layer> layers_;
  EdgeHarmonics<real> harmonics_;
  AtomicNetwork<real> head_;

  const Neighborhoods *around_ = nullptr;  // of the evaluation that is going on
  SortedEdges<real, DirectedEdge<real>> edges_;
  std::vector<Scratch> scratch_;
};

}  // namespace eippot

#endif
