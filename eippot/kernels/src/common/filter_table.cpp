#include "common/filter_table.h"

#include <algorithm>

namespace eippot {

template <class real>
FilterTable<real>::FilterTable(const std::vector<KnotValues> &tables, int n_knots, int channels,
                               double cutoff, int width, int panel)
    : n_tables_(static_cast<int>(tables.size())),
      n_bins_(n_knots - 1),
      width_(width),
      spacing_(cutoff / n_bins_),
      coefficients_(tables.size() * n_bins_ * 4 * width) {
  const std::size_t n_bins = tables.size() * n_bins_;
  for (int channel = 0; channel < channels; ++channel) {
    const int first = channel / (2 * panel) * 2 * panel;
    const int group_width = std::min(2 * panel, width - first);
    real *group = coefficients_.data() + 4 * first * n_bins + (channel - first);
    for (const KnotValues &table : tables) {
      fill(table.values.data() + channel, table.derivatives.data() + channel, channels, group,
           group_width);
      group += static_cast<std::size_t>(n_bins_) * 4 * group_width;
    }
  }
}

/// One channel of one table: values and derivatives at knots, `channels` apart, to coefficients,
/// `step` apart.
template <class real>
void FilterTable<real>::fill(const double *values, const double *derivatives, int channels,
                             real *to, int step) const {
  for (int bin = 0; bin < n_bins_; ++bin, to += 4 * step) {
    const std::size_t knot = static_cast<std::size_t>(bin) * channels, next = knot + channels;
    const double rise = values[next] - values[knot];
    const double left = spacing_ * derivatives[knot], right = spacing_ * derivatives[next];
    to[0] = static_cast<real>(values[knot]);
    to[step] = static_cast<real>(left);
    to[2 * step] = static_cast<real>(3.0 * rise - 2.0 * left - right);
    to[3 * step] = static_cast<real>(left + right - 2.0 * rise);
  }
}

template class FilterTable<float>;
template class FilterTable<double>;

}  // namespace eippot
