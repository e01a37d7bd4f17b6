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

#include "common/aligned_array.h"
#include "common/atomic_network.h"
#include "common/blocks.h"
#include "common/filter_table.h"
#include "common/vector_kernels.h"
#include "engine/engine.h"
#include "soapnet/far_edges.h"
#include "soapnet/soap_kernels.h"
#include "soapnet/soapnet_weights.h"
#include "soapnet/solid_harmonics.h"
#include "soapnet/vector_edges.h"

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
  /// What one thread works on.
  struct Scratch {
    typename VectorEdges<real>::Scratch edges;
    typename AtomicNetwork<real>::Scratch network;
    std::vector<char> bonded;              // (block,) whether there are neighbors
    AlignedArray<real> x, y, z;            // (E,) components of vectors
    AlignedArray<real> coordinates;        // (E,) distances in bins
    AlignedArray<real> radial, harmonics;  // (E, ...) as in EdgeFunctions
    AlignedArray<real> coefficients;       // (block, coefficients)
    AlignedArray<real> spectra;            // (block, components), and the gradient by them
    AlignedArray<real> matrix;             // (rows, rows)
    AlignedArray<real> by_coefficients;    // (coefficients,)
    AlignedArray<real> prepared;           // (prepared_size,)
    AlignedArray<real> slopes;             // (E, 4), and the gradient by x, y, z
  };

  void reset(const Neighborhoods &around, int n_threads);
  void centers(Block block, Scratch &scratch, const EnergiesAndForces &results);
  void resize_edges(int n_edges, Scratch &scratch);
  EdgeFunctions<real> functions_of_edges(int n_edges, Scratch &scratch);
  void densities(Block block, const EdgeFunctions<real> &functions, Scratch &scratch);
  void energies(Block block, Scratch &scratch, const EnergiesAndForces &results);
  void gradients(Block block, const EdgeFunctions<real> &functions, Scratch &scratch);
  void edge_gradients(EdgeSpan edges, const EdgeFunctions<real> &functions, int species,
                      const real *by_coefficients, Scratch &scratch);
  void further_nodes(Block block, Scratch &scratch);
  template <class Action>
  void for_each_species(Block block, int center, Action action) const;

  const Kernels<real> &kernels_;
  SoapShape shape_;
  int n_species_;
  real bins_per_length_;
  FilterTable<real> radial_;
  SolidHarmonics<real> harmonics_;
  AlignedArray<real> mixing_;            // (S, A)
  AlignedArray<real> own_coefficients_;  // (S, rows)
  AtomicNetwork<real> network_;

  const Neighborhoods *around_ = nullptr;  // of the evaluation that is going on
  VectorEdges<real> edges_;
  AlignedArray<real> rows_;  // (N, coefficients) gradients to be exchanged, if they are
  bool keeps_rows_ = false;
  FarEdges<real> far_edges_;
  std::vector<Scratch> scratch_;
};

}  // namespace eippot

#endif
