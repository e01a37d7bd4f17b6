/// Energies and forces of a CGCNN on the CPU, without torch.
///
/// Centers are taken in blocks, and gather from their own lists of neighbors, as in SchNetEngine.
/// What a message has from the features of its atoms is a row of each atom: a_i for messages to it,
/// b_i for messages from it. It is computed twice, before the messages and before their gradients,
/// so that it is in memory for one convolution at a time. With g the gradient of the energy by the
/// sums over neighbors and z = a_i + b_j + T(r), messages u(r) m(z) give
///   dE/da_i = sum over j of u m'(z_ij) g_i,   dE/db_i = sum over j of u m'(z_ji) g_j.

#ifndef EIPPOT_CGCNN_ENGINE_H
#define EIPPOT_CGCNN_ENGINE_H

#include <vector>

#include "cgcnn/cgcnn_kernels.h"
#include "cgcnn/cgcnn_weights.h"
#include "common/aligned_array.h"
#include "common/atomic_network.h"
#include "common/blocks.h"
#include "common/dense.h"
#include "common/filter_table.h"
#include "common/radial_forces.h"
#include "common/sorted_edges.h"
#include "common/vector_kernels.h"
#include "engine/engine.h"

namespace eippot {

template <class real>
class CGCNNEngine final : public Engine<real> {
 public:
  explicit CGCNNEngine(const CGCNNWeights &weights,
                       const Kernels<real> &kernels = best_kernels<real>());

  void evaluate(const Neighborhoods &around, const RowExchange<real> &exchange, int n_threads,
                const EnergiesAndForces &results) override;

  std::size_t bytes() const override;

 private:
  struct Convolution {
    DenseLayer<real> atoms, atoms_back;  // width -> (4, width)
    FilterTable<real> tables;            // of the gate and of the core
    AlignedArray<real> features;         // (N, width) what it takes; none in the first one
  };

  /// What one thread works on.
  struct Scratch {
    typename SortedEdges<real>::Scratch edges;
    typename AtomicNetwork<real>::Scratch network;
    AlignedArray<real> by_atoms;  // (block, 4, width)
    std::vector<real> slopes;     // see sum_radial_forces
    std::vector<char> bonded;     // (block,) whether there are neighbors
  };

  static Convolution make_convolution(const GatedConvolutionWeights &weights,
                                      const CGCNNWeights &all, int width, int panel);
  real *row(AlignedArray<real> &rows, int node) const {
    return rows.data() + static_cast<std::size_t>(node) * width_;
  }
  MessageTables<real> tables_of(const Convolution &convolution) const {
    return {convolution.tables.polynomials(), neighbor_scale_};
  }
  void reset(const Neighborhoods &around, int n_threads);
  void prepare_atoms(std::size_t layer);
  void forward(std::size_t layer, Block block, Scratch &scratch);
  void energies(Block block, Scratch &scratch, const EnergiesAndForces &results);
  void backward(std::size_t layer, Block block, Scratch &scratch);

  const Kernels<real> &kernels_;
  int width_;  // channels and zeros up to whole panels
  real neighbor_scale_;
  std::vector<Convolution> convolutions_;
  AlignedArray<real> embedding_;      // (S, width)
  AlignedArray<real> species_atoms_;  // (S, 4, width) rows of the first convolution
  AtomicNetwork<real> network_;

  const Neighborhoods *around_ = nullptr;  // of the evaluation that is going on
  SortedEdges<real> edges_;
  AlignedArray<real> atoms_;                     // (N, 4, width) a and b
  AlignedArray<real> gradient_, next_gradient_;  // (N, width) g
  std::vector<Scratch> scratch_;
};

}  // namespace eippot

#endif
