#include "edge_harmonics.h"

#include <array>
#include <cmath>
#include <map>

namespace eippot {

namespace {

using Exponents = std::array<int, 3>;

/// All x^a y^b z^c with a + b + c <= degree, by degree.
std::vector<Exponents> exponents_up_to(int degree) {
  std::vector<Exponents> all;
  for (int d = 0; d <= degree; ++d) {
    for (int a = d; a >= 0; --a) {
      for (int b = d - a; b >= 0; --b) all.push_back({a, b, d - a - b});
    }
  }
  return all;
}

}  // namespace

template <class real>
EdgeHarmonics<real>::EdgeHarmonics(int l_max, const std::vector<double> &coefficients,
                                   double shortest)
    : width_(((l_max + 1) * (l_max + 1) + 3) / 4 * 4), shortest_(static_cast<real>(shortest)) {
  std::map<Exponents, int> index;
  for (const Exponents &exponents : exponents_up_to(l_max)) {
    Monomial monomial = {0, 0};
    for (int a = 0; a < 3; ++a) {
      if (exponents[a] == 0) continue;
      Exponents factor = exponents;
      --factor[a];
      monomial = {index.at(factor), a};
    }
    index[exponents] = static_cast<int>(monomials_.size());
    monomials_.push_back(monomial);
  }

  const int n_harmonics = (l_max + 1) * (l_max + 1);
  std::map<Exponents, double> total[(largest_degree + 1) * (largest_degree + 1)];
  const double *row = coefficients.data();
  for (int degree = 0, products = 1; degree <= l_max; ++degree, products *= 3) {
    for (int product = 0; product < products; ++product, row += n_harmonics) {
      Exponents exponents = {};
      for (int k = 0, rest = product; k < degree; ++k, rest /= 3) ++exponents[rest % 3];
      for (int harmonic = 0; harmonic < n_harmonics; ++harmonic)
        total[harmonic][exponents] += row[harmonic];
    }
  }
  for (int harmonic = 0; harmonic < n_harmonics; ++harmonic) {
    for (const auto &[exponents, coefficient] : total[harmonic]) {
      if (std::abs(coefficient) < 1e-12) continue;  // zero but for rounding
      values_.push_back({harmonic, index.at(exponents), static_cast<real>(coefficient)});
      for (int a = 0; a < 3; ++a) {
        if (exponents[a] == 0) continue;
        Exponents lower = exponents;
        --lower[a];
        derivatives_[a].push_back(
            {harmonic, index.at(lower), static_cast<real>(exponents[a] * coefficient)});
      }
    }
  }
}

template <class real>
void EdgeHarmonics<real>::monomials(const real *direction, real *values) const {
  values[0] = 1;
  for (std::size_t k = 1; k < monomials_.size(); ++k)
    values[k] = values[monomials_[k].factor] * direction[monomials_[k].component];
}

template <class real>
void EdgeHarmonics<real>::evaluate(RangeOf<DirectedEdge<real>> edges, real *rows) const {
  real powers[most_monomials];
  for (int e = 0; e < edges.n; ++e, rows += width_) {
    monomials(edges.edges[e].direction, powers);
    std::fill_n(rows, width_, real{});
    for (const Term &term : values_)
      rows[term.harmonic] += term.coefficient * powers[term.monomial];
  }
}

/// Of Y(u), u = r / |r|; where the edge is shorter than `shortest`, u = r / shortest, and nothing
/// depends on the distance.
template <class real>
void EdgeHarmonics<real>::add_gradient(RangeOf<DirectedEdge<real>> edges, const real *rows,
                                       real coordinates_per_length) const {
  const real shortest = shortest_ * coordinates_per_length;
  real powers[most_monomials];
  for (int e = 0; e < edges.n; ++e, rows += width_) {
    DirectedEdge<real> &edge = edges.edges[e];
    const real *u = edge.direction;
    monomials(u, powers);
    real by_direction[3] = {};
    for (int a = 0; a < 3; ++a) {
      for (const Term &term : derivatives_[a])
        by_direction[a] += rows[term.harmonic] * term.coefficient * powers[term.monomial];
    }
    const real per_length = coordinates_per_length / edge.coordinate;
    real along = 0;
    if (edge.coordinate > shortest) {
      along = rows[0] * coordinates_per_length;
      for (int a = 0; a < 3; ++a) along -= by_direction[a] * u[a] * per_length;
    }
    for (int a = 0; a < 3; ++a) edge.gradient[a] += by_direction[a] * per_length + along * u[a];
  }
}

template class EdgeHarmonics<float>;
template class EdgeHarmonics<double>;

}  // namespace eippot
