/// Energies and forces of a SchNet on the CPU, without torch.
///
/// Centers are taken in blocks, whose intermediate results stay in the cache. Everything is
/// gathered by a center from its own list of neighbors, and nothing is scattered: blocks are
/// independent, and results are the same for any number of threads. In memory are 2 L rows of
/// channels per atom, for L interactions, and 20 bytes per edge (28 in double precision).
///
/// Since r enters through W(r) alone, backpropagation needs three things of a neighbor: its values
/// y = project x, its gradient g of the energy by the sum over neighbors, and the filter:
///   dE/dr of a pair = sum over interactions and channels of W'(r) (y_j g_i + y_i g_j),
///   dE/dy_i = sum over j of W(r_ij) g_j.
/// The first interaction's y depend on the species alone. They are in its tables, together with the
/// linear layer behind the sum, so that there the g are gradients by what the activation is fed.

#ifndef EIPPOT_SCHNET_ENGINE_H
#define EIPPOT_SCHNET_ENGINE_H

#include <vector>

#include "common/aligned_array.h"
#include "common/atomic_network.h"
#include "common/blocks.h"
#include "common/dense.h"
#include "common/filter_table.h"
#include "common/sorted_edges.h"
#include "common/vector_kernels.h"
#include "engine/engine.h"
#include "schnet/schnet_weights.h"

namespace eippot {

template <class real>
class SchNetEngine final : public Engine<real> {
 public:
  explicit SchNetEngine(const SchNetWeights &weights,
                        const Kernels<real> &kernels = best_kernels<real>());

  void evaluate(const Neighborhoods &around, const RowExchange<real> &exchange, int n_threads,
                const EnergiesAndForces &results) override;

  std::size_t bytes() const override;

 private:
  struct Interaction {
    DenseLayer<real> project, project_back;
    DenseLayer<real> first, first_back;
    DenseLayer<real> second, second_back;
    FilterTable<real> filter;
    AlignedArray<real> values;    // (N, width) y; none in the first interaction
    AlignedArray<real> gradient;  // (N, width) g; before, in centers: slopes of the activation
  };

  /// What one thread works on: rows of one block.
  struct Scratch {
    AlignedArray<real> a, b;  // (block, width)
    typename AtomicNetwork<real>::Scratch head;
    std::vector<char> bonded;  // (block,) whether there are neighbors
    std::vector<real> slopes;  // dE/dr / r of the block's edges, in the order of the lists
    typename SortedEdges<real>::Scratch edges;
  };

  static Interaction make_interaction(const SchNetWeights &weights, std::size_t index, int width,
                                      int panel);
  void reset(const Neighborhoods &around, int n_threads);
  real *row(AlignedArray<real> &rows, int node) const {
    return rows.data() + static_cast<std::size_t>(node) * width_;
  }

  void forward(std::size_t layer, Block block, real *slopes, Scratch &scratch);
  void sum_over_neighbors(std::size_t layer, Block block, Scratch &scratch);
  void embed(Block block);
  void read_energies(Block block, Scratch &scratch, const EnergiesAndForces &results);
  void back_through_update(std::size_t layer, Block block, const real *slopes, Scratch &scratch);
  void backward(std::size_t layer, Block block, Scratch &scratch);
  void forces(Block block, Scratch &scratch, const EnergiesAndForces &results);

  const Kernels<real> &kernels_;
  int channels_;
  int width_;  // channels and zeros up to whole panels
  std::vector<Interaction> interactions_;
  AtomicNetwork<real> head_;
  AlignedArray<real> embedding_;  // (S, width)

  const Neighborhoods *around_ = nullptr;  // of the evaluation that is going on
  SortedEdges<real> edges_;
  AlignedArray<real> features_;  // (n_centers, width) x, and then the gradient of the energy by x
  std::vector<Scratch> scratch_;
};

}  // namespace eippot

#endif
