#include "common/dense_weights.h"

#include <algorithm>
#include <cmath>

namespace eippot {

std::vector<double> multiplied(const DenseWeights &layer, const std::vector<double> &x) {
  const std::size_t n_in = x.size(), n_out = layer.matrix.size() / n_in;
  std::vector<double> y = layer.bias;
  y.resize(n_out);
  for (std::size_t row = 0; row < n_out; ++row) {
    for (std::size_t k = 0; k < n_in; ++k) y[row] += layer.matrix[row * n_in + k] * x[k];
  }
  return y;
}

DenseWeights scaled(DenseWeights layer, double factor) {
  for (double &value : layer.matrix) value *= factor;
  return layer;
}

DenseWeights transposed(const DenseWeights &layer, int n_in) {
  DenseWeights turned;
  turned.matrix.resize(layer.matrix.size());
  const auto n_out = static_cast<int>(layer.matrix.size()) / n_in;
  for (int row = 0; row < n_out; ++row) {
    for (int k = 0; k < n_in; ++k) {
      turned.matrix[k * n_out + row] = layer.matrix[row * n_in + k];
    }
  }
  return turned;
}

std::vector<double> activated(std::vector<double> x) {
  for (double &value : x) {
    value = std::max(value, 0.0) + std::log1p(std::exp(-std::abs(value))) - std::log(2.0);
  }
  return x;
}

}  // namespace eippot
