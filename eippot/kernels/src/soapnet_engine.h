/// Energies and forces of a SOAPNet on the CPU, without torch.
///
/// Centers are taken in blocks. What is computed for a block, from the density of the neighbors to
/// the gradient of the centers' energies by their edges, stays in the cache; this gradient is all
/// that is kept. Then the force on an atom is the sum, over its edges, of the gradients of its own
/// energy and, with the opposite sign, of its neighbors' by the same edges seen from there. Nothing
/// is scattered: blocks are independent, and results are the same for any number of threads.
///
/// Further nodes have no edges. Of these their gradient by the coefficients of the density is
/// exchanged, once, and gives the gradient of their energies by the edges that centers have with
/// them.

#ifndef EIPPOT_SOAPNET_ENGINE_H
#define EIPPOT_SOAPNET_ENGINE_H

#include <vector>

#include "aligned_array.h"
#include "blocks.h"
#include "dense.h"
#include "engine.h"
#include "far_edges.h"
#include "filter_table.h"
#include "soap_kernels.h"
#include "soapnet_weights.h"
#include "solid_harmonics.h"
#include "vector_edges.h"
#include "vector_kernels.h"

namespace eippot {

template <class real>
class SOAPNetEngine final : public Engine<real> {
 public:
  explicit SOAPNetEngine(const SOAPNetWeights &weights,
                         const Kernels<real> &kernels = best_kernels<real>());

  void evaluate(const Neighborhoods &around, const RowExchange<real> &exchange, int n_threads,
                const EnergiesAndForces &results) override;

  std::size_t bytes() const override;

 private:
  /// A layer behind the first one.
  struct Layer {
    DenseLayer<real> forward, back;
  };

  /// What one thread works on.
  struct Scratch {
    typename VectorEdges<real>::Scratch edges;
    AlignedArray<real> coordinates;              // (E,) of the block, distances in bins
    AlignedArray<real> radial, harmonics;        // (E, ...) as in EdgeFunctions
    AlignedArray<real> coefficients;             // (block, coefficients)
    AlignedArray<real> spectrum;                 // (block, components), and the gradient by it
    AlignedArray<real> values, other_values;     // (block, width)
    std::vector<AlignedArray<real>> activation;  // (block, width) slopes of each layer
    AlignedArray<real> matrix;                   // (rows, rows)
    AlignedArray<real> by_coefficients;          // (coefficients,)
    AlignedArray<real> prepared;                 // (prepared_size,)
    AlignedArray<real> slopes;                   // (E, 4)
    BlockEdges<real> seen_from_there;            // of further nodes
  };

  void reset(const Neighborhoods &around, int n_threads);
  void centers(Block block, Scratch &scratch, const EnergiesAndForces &results);
  EdgeFunctions<real> functions_of(const BlockEdges<real> &edges, Scratch &scratch);
  void densities(Block block, const EdgeFunctions<real> &functions, Scratch &scratch);
  void network(Block block, Scratch &scratch, const EnergiesAndForces &results);
  void back_through_network(Block block, Scratch &scratch);
  void gradients(Block block, const EdgeFunctions<real> &functions, Scratch &scratch);
  void edge_gradients(const BlockEdges<real> &edges, EdgeSpan span,
                      const EdgeFunctions<real> &functions, int species,
                      const real *by_coefficients, Scratch &scratch, real *result);
  void further_nodes(Block block, Scratch &scratch);

  const Kernels<real> &kernels_;
  SoapShape shape_;
  int components_;  // of the spectrum, and zeros up to whole panels
  int width_;       // channels, and zeros up to whole panels
  real bins_per_length_;
  FilterTable<real> radial_;
  SolidHarmonics<real> harmonics_;
  AlignedArray<real> mixing_;            // (S, A)
  AlignedArray<real> own_coefficients_;  // (S, rows)
  DenseLayer<real> first_, first_back_;
  AlignedArray<real> embedding_;  // (S, width)
  std::vector<Layer> layers_;
  AlignedArray<real> output_;              // (width,), times the energy scale
  std::vector<double> isolated_outputs_;   // (S,) of the head for isolated atoms [eV]
  std::vector<double> isolated_energies_;  // (S,) [eV]

  const Neighborhoods *around_ = nullptr;  // of the evaluation that is going on
  VectorEdges<real> edges_;
  AlignedArray<real> rows_;  // (N, coefficients) gradients to be exchanged, if they are
  bool keeps_rows_ = false;
  FarEdges far_edges_;
  std::vector<Scratch> scratch_;
};

}  // namespace eippot

#endif
