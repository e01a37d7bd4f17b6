/// Dense layers as plain numbers, and what is computed with them in advance.

#ifndef EIPPOT_DENSE_WEIGHTS_H
#define EIPPOT_DENSE_WEIGHTS_H

#include <vector>

namespace eippot {

/// y = matrix x + bias.
struct DenseWeights {
  std::vector<double> matrix;  ///< (out, in), row-major
  std::vector<double> bias;    ///< (out,), or empty for none
};

/// Matrix times vector, plus bias, in double precision: (in,) -> (out,).
std::vector<double> multiplied(const DenseWeights &layer, const std::vector<double> &x);

/// The same layer with its matrix (not its bias) times `factor`.
DenseWeights scaled(DenseWeights layer, double factor);

/// The transposed matrix, without bias.
DenseWeights transposed(const DenseWeights &layer, int n_in);

/// ln(1/2 e^x + 1/2) of each number.
std::vector<double> activated(std::vector<double> x);

}  // namespace eippot

#endif
