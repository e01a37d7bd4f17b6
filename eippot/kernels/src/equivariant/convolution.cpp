#include "equivariant/convolution.h"

#include <algorithm>

#include "common/dense.h"

namespace eippot {

namespace {

/// Calls action(species, first row, number of rows) for rows of the same species.
template <class Action>
void for_species(const std::int32_t *species, int n_rows, Action action) {
  for (int begin = 0, end; begin < n_rows; begin = end) {
    for (end = begin + 1; end < n_rows && species[end] == species[begin];) ++end;
    action(species[begin], begin, end - begin);
  }
}

/// The number that couplings have in common if a degree is zero; else 1.
double common_factor(const PathWeights &path, int l1, int l3) {
  if (path.harmonic == 0 || l1 == 0 || l3 == 0) return path.couplings.front();
  return 1.0;
}

void scale(KnotValues &weights, double factor) {
  for (double &value : weights.values) value *= factor;
  for (double &value : weights.derivatives) value *= factor;
}

}  // namespace

template <class real>
Convolution<real>::Convolution(const EquivariantWeights &weights, std::size_t index, int width,
                               const Kernels<real> &kernels)
    : kernels_(kernels), width_(width) {
  const ConvolutionWeights &from = weights.convolutions[index];
  const int channels = weights.channels, panel = kernels.panel;
  lay_out(from);
  for (const PathWeights &path : from.paths) add_path(weights, from, path, index == 0);
  for (const auto &matrix : from.project) {
    project_.emplace_back(matrix, 1, channels, width, panel);
    project_back_.push_back(ChannelMatrix<real>::back(matrix, 1, channels, width, panel));
  }
  for (std::size_t out = 0; out < from.after.size(); ++out) {
    const int n_paths = from.n_paths(static_cast<int>(out));
    const double factor = weights.neighbor_scale;
    mix_.emplace_back(from.mix[out], n_paths, channels, width, panel, factor);
    mix_back_.push_back(
        ChannelMatrix<real>::back(from.mix[out], n_paths, channels, width, panel, factor));
  }
  for (int species = 0; species < weights.n_species; ++species) {
    skip_.emplace_back();
    skip_back_.emplace_back();
    for (const auto &all_species : from.skip) {
      const auto matrix = skip_of_species(weights, all_species, species);
      skip_.back().emplace_back(matrix, 1, channels, width, panel);
      skip_back_.back().push_back(ChannelMatrix<real>::back(matrix, 1, channels, width, panel));
    }
  }
  if (index == 0) {
    const auto embedding = padded<real>(weights.embedding, channels, width, 1.0);
    first_updates_.resize(static_cast<std::size_t>(weights.n_species) * update_width_);
    for (int species = 0; species < weights.n_species; ++species)
      multiply(skip_[species].front(), embedding.data() + species * width, in_.front(), in_width_,
               1, first_updates_.data() + species * update_width_, update_.front(), update_width_,
               false);
  }
}

template <class real>
void Convolution<real>::lay_out(const ConvolutionWeights &from) {
  in_width_ = sums_width_ = 0;
  for (const Irrep &irrep : from.before) {
    in_.push_back({in_width_, width_, irrep.components()});
    in_width_ += irrep.components() * width_;
  }
  update_width_ = from.outputs(0) * width_;
  for (std::size_t out = 0; out < from.after.size(); ++out) {
    const int components = from.after[out].components();
    const int step = from.n_paths(static_cast<int>(out)) * width_;
    dims_after_.push_back(components);
    sums_.push_back({sums_width_, step, components});
    sums_width_ += components * step;
    update_.push_back({out == 0 ? 0 : update_width_, width_, components});
    if (out > 0) update_width_ += components * width_;
  }
}

/// Weights of the first convolution are one table for each species of the neighbor.
template <class real>
void Convolution<real>::add_path(const EquivariantWeights &weights, const ConvolutionWeights &from,
                                 const PathWeights &path, bool first) {
  const int l1 = from.before[path.in].degree, l2 = path.harmonic, l3 = from.after[path.out].degree;
  const Part in = in_[path.in], out = sums_[path.out];
  std::vector<KnotValues> tables;
  for (int species = 0; species < (first ? weights.n_species : 1); ++species) {
    tables.push_back(first ? first_path_weights(weights, path, species) : path.weights);
    scale(tables.back(), common_factor(path, l1, l3));
  }
  const int size = coupling_size(l1, l3), numbers = (2 * l1 + 1) * (2 * l3 + 1);
  AlignedArray<real> couplings(static_cast<std::size_t>(2 * l2 + 1) * size);
  for (std::size_t k = 0; k < path.couplings.size(); ++k)
    couplings[k / numbers * size + k % numbers] = static_cast<real>(path.couplings[k]);
  const TensorPath<real> shape = {
      l1,       l2,          l3,     {}, in.first, in_width_, out.first + path.place * width_,
      out.step, sums_width_, nullptr};
  // the kernels take one panel of channels at a time: groups of Polynomials are of two halves of it
  paths_.push_back(
      {shape,
       {tables, weights.n_knots, weights.channels, weights.cutoff, width_, kernels_.panel / 2},
       std::move(couplings)});
}

template <class real>
std::vector<TensorPath<real>> Convolution<real>::paths() const {
  std::vector<TensorPath<real>> all;
  for (const Path &path : paths_) {
    all.push_back(path.shape);
    all.back().weights = path.weights.polynomials();
    all.back().couplings = path.couplings.data();
  }
  return all;
}

/// For each component.
template <class real>
void Convolution<real>::multiply(const ChannelMatrix<real> &matrix, const real *in, Part in_part,
                                 int in_width, int n_rows, real *out, Part out_part, int out_width,
                                 bool add) const {
  for (int k = 0; k < in_part.components; ++k) {
    kernels_.multiply_rows(matrix.packed(), {in + in_part.first + k * in_part.step, in_width},
                           n_rows, {out + out_part.first + k * out_part.step, out_width}, add);
  }
}

template <class real>
void Convolution<real>::project(const real *x, int n_rows, real *projected) const {
  for (std::size_t k = 0; k < in_.size(); ++k)
    multiply(project_[k], x, in_[k], in_width_, n_rows, projected, in_[k], in_width_, false);
}

template <class real>
void Convolution<real>::project_back(const real *by_projected, int n_rows, real *by_x) const {
  for (std::size_t k = 0; k < in_.size(); ++k)
    multiply(project_back_[k], by_projected, in_[k], in_width_, n_rows, by_x, in_[k], in_width_,
             false);
}

template <class real>
void Convolution<real>::update(const real *sums, const real *x, const std::int32_t *species,
                               int n_rows, real *updates) const {
  for (std::size_t k = 0; k < mix_.size(); ++k)
    multiply(mix_[k], sums, sums_[k], sums_width_, n_rows, updates, update_[k], update_width_,
             false);
  const int scalars = gated().count * width_;  // all that embeddings give
  for_species(species, n_rows, [&](int kind, int begin, int n) {
    real *to = updates + static_cast<std::size_t>(begin) * update_width_;
    if (first_updates_.data()) {
      const real *from = first_updates_.data() + static_cast<std::size_t>(kind) * update_width_;
      for (int row = 0; row < n; ++row, to += update_width_) {
        for (int c = 0; c < scalars; ++c) to[c] += from[c];
      }
    } else {
      const real *from = x + static_cast<std::size_t>(begin) * in_width_;
      for (std::size_t k = 0; k < skip_[kind].size(); ++k)
        multiply(skip_[kind][k], from, in_[k], in_width_, n, to, update_[k], update_width_, true);
    }
  });
}

template <class real>
void Convolution<real>::mix_back(const real *by_updates, int n_rows, real *by_sums) const {
  for (std::size_t k = 0; k < mix_.size(); ++k)
    multiply(mix_back_[k], by_updates, update_[k], update_width_, n_rows, by_sums, sums_[k],
             sums_width_, false);
}

template <class real>
void Convolution<real>::skip_back(const real *by_updates, const std::int32_t *species, int n_rows,
                                  real *by_x) const {
  for_species(species, n_rows, [&](int kind, int begin, int n) {
    const real *from = by_updates + static_cast<std::size_t>(begin) * update_width_;
    real *to = by_x + static_cast<std::size_t>(begin) * in_width_;
    for (std::size_t k = 0; k < skip_[kind].size(); ++k)
      multiply(skip_back_[kind][k], from, update_[k], update_width_, n, to, in_[k], in_width_,
               true);
  });
}

template class Convolution<float>;
template class Convolution<double>;

}  // namespace eippot
