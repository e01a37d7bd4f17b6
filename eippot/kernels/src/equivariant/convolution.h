/// One convolution of an equivariant network, as the kernels need it.

#ifndef EIPPOT_CONVOLUTION_H
#define EIPPOT_CONVOLUTION_H

#include <vector>

#include "common/aligned_array.h"
#include "common/filter_table.h"
#include "equivariant/equivariant_weights.h"
#include "equivariant/packed_matrix.h"
#include "equivariant/tensor_kernels.h"

namespace eippot {

/// Where the parts of irreps are in a row: `step` numbers from one component to the next.
struct Part {
  int first;
  int step;
  int components;
};

/// Rows are features (n, D, C) before, projected or not; sums over neighbors, for each irrep after
/// (components, paths, C); updates, which are scalars and gates, and then the features after.
template <class real>
class Convolution {
 public:
  Convolution(const EquivariantWeights &weights, std::size_t index, int width,
              const Kernels<real> &kernels);

  int in_width() const { return in_width_; }
  int sums_width() const { return sums_width_; }
  int update_width() const { return update_width_; }

  /// Of the features after.
  GatedIrreps gated() const {
    return {static_cast<int>(dims_after_.size()), dims_after_.data(), width_};
  }

  std::vector<TensorPath<real>> paths() const;

  /// projected = project x.
  void project(const real *x, int n_rows, real *projected) const;

  /// by_x = transposed project, times by_projected.
  void project_back(const real *by_projected, int n_rows, real *by_x) const;

  /// updates = mix sums + skip x. Of the first convolution x are embeddings, and not read.
  void update(const real *sums, const real *x, const std::int32_t *species, int n_rows,
              real *updates) const;

  /// by_sums = transposed mix, times by_updates.
  void mix_back(const real *by_updates, int n_rows, real *by_sums) const;

  /// by_x += transposed skip, times by_updates.
  void skip_back(const real *by_updates, const std::int32_t *species, int n_rows, real *by_x) const;

 private:
  struct Path {
    TensorPath<real> shape;  // without what points to the members below
    FilterTable<real> weights;
    AlignedArray<real> couplings;
  };

  void lay_out(const ConvolutionWeights &from);
  void add_path(const EquivariantWeights &weights, const ConvolutionWeights &from,
                const PathWeights &path, bool first);
  void multiply(const ChannelMatrix<real> &matrix, const real *in, Part in_part, int in_width,
                int n_rows, real *out, Part out_part, int out_width, bool add) const;

  const Kernels<real> &kernels_;
  int width_;  // of C channels, padded
  std::vector<int> dims_after_;
  std::vector<Part> in_, sums_, update_;  // of each irrep before, and after
  int in_width_, sums_width_, update_width_;
  std::vector<Path> paths_;
  std::vector<ChannelMatrix<real>> project_, project_back_;         // of each irrep before
  std::vector<ChannelMatrix<real>> mix_, mix_back_;                 // of each irrep after
  std::vector<std::vector<ChannelMatrix<real>>> skip_, skip_back_;  // of each species and irrep
  AlignedArray<real> first_updates_;  // (S, update_width) skip x of embeddings
};

}  // namespace eippot

#endif
