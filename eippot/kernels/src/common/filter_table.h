/// Filters W(r) as tables: cubic Hermite interpolation between equally spaced knots, 0 ... cutoff.
///
/// Values and first derivatives are continuous, and the derivative is that of the interpolation
/// itself, so that forces are the exact gradient of the energy.

#ifndef EIPPOT_FILTER_TABLE_H
#define EIPPOT_FILTER_TABLE_H

#include <vector>

#include "common/aligned_array.h"
#include "common/knot_values.h"
#include "common/vector_kernels.h"

namespace eippot {

template <class real>
class FilterTable {
 public:
  /// Tables that are used together. `width` and `panel` are those of the kernels.
  FilterTable(const std::vector<KnotValues> &tables, int n_knots, int channels, double cutoff,
              int width, int panel);

  Polynomials<real> polynomials() const {
    return {coefficients_.data(), n_tables_, n_bins_, width_};
  }

 private:
  void fill(const double *values, const double *derivatives, int channels, real *to,
            int step) const;

  int n_tables_;
  int n_bins_;
  int width_;
  double spacing_;
  AlignedArray<real> coefficients_;
};

}  // namespace eippot

#endif
