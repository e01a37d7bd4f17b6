#include "common/knot_values.h"

namespace eippot {

int read_n_knots(Parameters &from) {
  return static_cast<int>(from.number("table_bins")) + 1;
}

KnotValues some_of(const KnotValues &functions, std::size_t n_functions, std::size_t first,
                   std::size_t count) {
  const auto of = [&](const std::vector<double> &values) {
    std::vector<double> result;
    for (auto knot = values.begin(); knot < values.end(); knot += n_functions)
      result.insert(result.end(), knot + first, knot + first + count);
    return result;
  };
  return {of(functions.values), of(functions.derivatives)};
}

KnotValues read_knots(Parameters &from, const std::string &name, std::size_t n_functions) {
  const int n_knots = read_n_knots(from);
  const double per_angstrom = (n_knots - 1) / from.number("cutoff");
  const auto &knots = from.array(name, 2 * n_knots * n_functions);  // (K, 2, C)
  KnotValues functions;
  for (int knot = 0; knot < n_knots; ++knot) {
    const double *values = knots.data() + 2 * knot * n_functions;
    functions.values.insert(functions.values.end(), values, values + n_functions);
    for (std::size_t c = 0; c < n_functions; ++c)
      functions.derivatives.push_back(values[n_functions + c] * per_angstrom);
  }
  return functions;
}

}  // namespace eippot
