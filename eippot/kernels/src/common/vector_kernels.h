/// The inner loops of the engine, compiled once for each instruction set and chosen at run time.
///
/// Rows are `width` numbers wide, aligned to 64 bytes; width is a multiple of `Kernels::panel`, and
/// columns beyond the model's channels are zero.

#ifndef EIPPOT_VECTOR_KERNELS_H
#define EIPPOT_VECTOR_KERNELS_H

#include <cstdint>
#include <vector>

namespace eippot {

/// A directed edge of a block of centers, as the filters need it.
template <class real>
struct Edge {
  std::int32_t node;    ///< the neighbor's node
  std::int32_t center;  ///< counted from the first center of the block
  std::int32_t index;   ///< position in Neighborhoods, counted from the block's first edge
  real coordinate;      ///< distance / spacing of the table's knots; its integer part is the bin
  real derivative;      ///< of the energy by `coordinate`, both directions of the pair [eV]

  static Edge from(std::int32_t node, std::int32_t center, std::int32_t index,
                   const double * /*vector*/, real /*distance*/, real coordinate) {
    return {node, center, index, coordinate, real{}};
  }
};

/// Edges of one block, ordered by bin, so that a bin's coefficients are loaded once.
template <class AnyEdge>
struct RangeOf {
  AnyEdge *edges;  ///< (n,)
  int n;
};

template <class real>
using EdgeRange = RangeOf<Edge<real>>;

template <class real>
struct TensorKernels;

/// Cubic polynomials of tables: sum over k of coefficient k times t^k, where t in [0, 1] is the
/// place in the bin. Channels are in groups of `2 panel` (the last one of `panel`, if there are too
/// few), one behind the other, each (tables, bins, 4, channels of the group).
template <class real>
struct Polynomials {
  const real *coefficients;
  int n_tables;
  int n_bins;
  int width;
};

/// A dense layer (in_width, out_width) in panels of columns: (out_width / panel, in_width, panel).
template <class real>
struct PackedLayer {
  const real *panels;
  const real *bias;  ///< (out_width,), or nullptr for none
  int in_width;
  int out_width;
};

template <class real>
struct CGCNNKernels;
template <class real>
struct SoapKernels;

/// Rows, `step` numbers from one to the next.
template <class real>
struct Rows {
  real *data;
  long step;

  Rows from(int row) const { return {data + row * step, step}; }
};

template <class real>
struct Kernels {
  const char *name;                   ///< of the instruction set
  int panel;                          ///< columns of a dense layer that are computed together
  const TensorKernels<real> *tensor;  ///< see tensor_kernels.h

  /// out (n_rows, out_width) = in (n_rows, in_width) times the layer, plus bias, plus out if `add`.
  void (*multiply_rows)(const PackedLayer<real> &layer, Rows<const real> in, int n_rows,
                        Rows<real> out, bool add);

  /// values = ln(1/2 e^x + 1/2) in place of x, slopes = its derivative; n a multiple of panel.
  void (*activate)(real *values, real *slopes, int n);

  /// values *= factors.
  void (*scale)(real *values, const real *factors, int n);

  /// Sum of a times b.
  real (*dot)(const real *a, const real *b, int n);

  /// sums[center] += W(r) * rows[node]; sums (block, width).
  void (*gather)(EdgeRange<real> edges, Polynomials<real> filter, const real *rows, real *sums);

  /// sums[center] += W(r) * gradient[node], and the edges' derivative by r of
  /// sum over channels of W(r) * (values[node] * gradient[center] + values[center] *
  /// gradient[node]). `center_values` and `center_gradient` are the rows of the block's first
  /// center.
  void (*gather_gradient)(EdgeRange<real> edges, Polynomials<real> filter, const real *values,
                          const real *gradient, const real *center_values,
                          const real *center_gradient, real *sums);

  /// The same two for the first interaction, whose filters are one table per species of the
  /// neighbor, and already hold its values.
  void (*gather_species)(EdgeRange<real> edges, Polynomials<real> filters,
                         const std::int32_t *species, real *sums);
  void (*gather_species_gradient)(EdgeRange<real> edges, Polynomials<real> filters,
                                  const std::int32_t *species, const std::int32_t *center_species,
                                  const real *gradient, const real *center_gradient);

  const CGCNNKernels<real> *cgcnn;
  const SoapKernels<real> *soap;

  /// The same for rows that lie end to end.
  void multiply(const PackedLayer<real> &layer, const real *in, int n_rows, real *out,
                bool add) const {
    multiply_rows(layer, {in, layer.in_width}, n_rows, {out, layer.out_width}, add);
  }
};

/// Those of the instruction sets avx512, avx2 and generic that this processor has, best first.
template <class real>
std::vector<const Kernels<real> *> available_kernels();

template <class real>
const Kernels<real> &best_kernels() {
  return *available_kernels<real>().front();
}

}  // namespace eippot

#endif
