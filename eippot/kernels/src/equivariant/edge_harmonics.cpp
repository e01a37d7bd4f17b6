#include "equivariant/edge_harmonics.h"

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
    : l_max_(l_max), shortest_(static_cast<real>(shortest)) {
  std::map<Exponents, int> index;
  for (const Exponents &exponents : exponents_up_to(l_max)) {
    HarmonicMonomial monomial = {0, 0};
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
HarmonicPolynomials<real> EdgeHarmonics<real>::polynomials() const {
  HarmonicPolynomials<real> all = {};
  all.width = ((l_max_ + 1) * (l_max_ + 1) + 3) / 4 * 4;
  all.shortest = shortest_;
  all.monomials = monomials_.data();
  all.n_monomials = static_cast<int>(monomials_.size());
  all.values = values_.data();
  all.n_values = static_cast<int>(values_.size());
  for (int a = 0; a < 3; ++a) {
    all.derivatives[a] = derivatives_[a].data();
    all.n_derivatives[a] = static_cast<int>(derivatives_[a].size());
  }
  return all;
}

template class EdgeHarmonics<float>;
template class EdgeHarmonics<double>;

}  // namespace eippot
