/// The inner loops of CGCNNEngine, compiled once for each instruction set.

#ifndef EIPPOT_CGCNN_KERNELS_H
#define EIPPOT_CGCNN_KERNELS_H

#include "common/vector_kernels.h"

namespace eippot {

/// A convolution: of the two tables the first is of the gate, the second of the core.
template <class real>
struct MessageTables {
  Polynomials<real> tables;
  real scale;  ///< of messages, beside the envelope
};

/// Rows of atoms are (4, width): what belongs to the gate and the core of messages to this atom,
/// and from it. `centers` and `center_gradient` begin with the block's first center.
template <class real>
struct CGCNNKernels {
  /// sums[center] += messages; sums (block, width).
  void (*gather_messages)(EdgeRange<real> edges, MessageTables<real> tables, const real *centers,
                          const real *atoms, real *sums);

  /// With the gradients (N, width) by the sums of all atoms: sums (block, 4, width) += the gradient
  /// by the rows of the centers; and the edges' derivatives.
  void (*gather_message_gradient)(EdgeRange<real> edges, MessageTables<real> tables,
                                  const real *centers, const real *atoms,
                                  const real *center_gradient, const real *gradient, real *sums);
};

}  // namespace eippot

#endif
