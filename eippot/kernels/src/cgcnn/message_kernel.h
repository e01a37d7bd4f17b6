/// Sums of gated messages over neighbors, and their derivatives; compiled once per instruction set.

#ifndef EIPPOT_MESSAGE_KERNEL_H
#define EIPPOT_MESSAGE_KERNEL_H

#include "cgcnn/cgcnn_kernels.h"
#include "common/activation_kernel.h"
#include "common/filter_kernel.h"

namespace eippot {
namespace EIPPOT_ISA {

/// The envelope of messages, times their scale, and its derivative by the coordinate.
template <class real>
struct Envelope {
  real value;
  real derivative;

  /// u(x) = (1 - x)^3 (1 + 3 x + 6 x^2 + 10 x^3 + 15 x^4 + 21 x^5), of which the class
  /// PolynomialCutoff of eippot.models has the expanded form.
  inline Envelope(const Edge<real> &edge, const MessageTables<real> &tables) {
    const real per_bin = 1 / static_cast<real>(tables.tables.n_bins);
    const real x = edge.coordinate * per_bin, y = 1 - x;
    const real series = 1 + x * (3 + x * (6 + x * (10 + x * (15 + x * 21))));
    value = tables.scale * y * y * y * series;
    derivative = -168 * tables.scale * per_bin * x * x * x * x * x * y * y;
  }
};

template <class real>
struct Message {
  Vector<real> value;             ///< sigmoid(gate) softplus(core)
  Vector<real> by_gate, by_core;  ///< derivatives
};

/// With u = e^-|gate| and v = e^-|core|, sigmoids are 1 / (1 + u) or u / (1 + u), and softplus is
/// ln(1 + v) = 2 artanh(v / (2 + v)) above the positive part. All three divisions are done in one.
template <class real>
__attribute__((always_inline)) inline Message<real> message(Vector<real> gate, Vector<real> core) {
  const Vector<real> one = all(static_cast<real>(1.0)), zero = {};
  const Vector<real> u = exponential<real>(gate > zero ? -gate : gate);
  const Vector<real> v = exponential<real>(core > zero ? -core : core);
  const Vector<real> with_u = one + u, with_v = one + v, with_both = with_v + one;
  const Vector<real> inverse = one / (with_u * with_v * with_both);
  const Vector<real> z = v * (inverse * (with_u * with_v));
  const Vector<real> softplus =
      (core > zero ? core : zero) + artanh_series<real, Series<real>::logarithm>(z * z) * z;
  const Vector<real> of_u = inverse * (with_v * with_both), rest_u = u * of_u;
  const Vector<real> of_v = inverse * (with_u * with_both);
  const Vector<real> sigmoid = gate > zero ? of_u : rest_u;
  const Vector<real> value = sigmoid * softplus;
  return {value, value * (gate > zero ? rest_u : of_u), sigmoid * (core > zero ? of_v : v * of_v)};
}

/// N vectors of what tables say of an edge: gate and core, and their derivatives by the coordinate.
template <class real, int N>
struct EdgePart {
  const real *coefficients[2];
  real t, t2, t3;

  inline EdgePart(const Edge<real> &edge, const Polynomials<real> &tables) {
    const long bin = bin_of(edge, tables), size = 4 * N * lanes<real>;
    for (int k = 0; k < 2; ++k)
      coefficients[k] = tables.coefficients + (bin + k * tables.n_bins) * size;
    t = edge.coordinate - static_cast<real>(bin);
    t2 = t + t;
    t3 = 3 * t * t;
  }
  inline Vector<real> at(int table, int order, int v) const {
    return load(coefficients[table] + (order * N + v) * lanes<real>);
  }
  inline Vector<real> value(int table, int v) const {
    return at(table, 0, v) + t * (at(table, 1, v) + t * (at(table, 2, v) + t * at(table, 3, v)));
  }
  inline Vector<real> derivative(int table, int v) const {
    return at(table, 1, v) + t2 * at(table, 2, v) + t3 * at(table, 3, v);
  }
};

template <class real, int N>
void gather_messages_of(EdgeRange<real> range, MessageTables<real> tables, const real *centers,
                        const real *atoms, real *sums) {
  const int width = tables.tables.width;
  for (int e = 0; e < range.n; ++e) {
    const Edge<real> &edge = range.edges[e];
    const EdgePart<real, N> part(edge, tables.tables);
    const Envelope<real> envelope(edge, tables);
    const real *center = centers + offset<real>(edge.center, 4 * width);
    const real *neighbor = atoms + offset<real>(edge.node, 4 * width) + 2 * width;
    real *to = sums + offset<real>(edge.center, width);
    if (e + edges_ahead < range.n) {
      const real *next = atoms + offset<real>(range.edges[e + edges_ahead].node, 4 * width);
      fetch<real, N>(next + 2 * width);
      fetch<real, N>(next + 3 * width);
    }
    for (int v = 0; v < N; ++v) {
      const int c = v * lanes<real>;
      const auto found =
          message<real>(part.value(0, v) + load(center + c) + load(neighbor + c),
                        part.value(1, v) + load(center + width + c) + load(neighbor + width + c));
      store(to + c, load(to + c) + envelope.value * found.value);
    }
  }
}

template <class real, int N>
void gather_message_gradient_of(EdgeRange<real> range, MessageTables<real> tables,
                                const real *centers, const real *atoms, const real *center_gradient,
                                const real *gradient, real *sums) {
  const int width = tables.tables.width;
  for (int e = 0; e < range.n; ++e) {
    Edge<real> &edge = range.edges[e];
    const EdgePart<real, N> part(edge, tables.tables);
    const Envelope<real> envelope(edge, tables);
    const real *here = centers + offset<real>(edge.center, 4 * width);
    const real *there = atoms + offset<real>(edge.node, 4 * width);
    const real *gradients[2] = {center_gradient + offset<real>(edge.center, width),
                                gradient + offset<real>(edge.node, width)};
    real *to = sums + offset<real>(edge.center, 4 * width);
    if (e + edges_ahead < range.n) {
      const std::int32_t next = range.edges[e + edges_ahead].node;
      fetch<real, N>(gradient + offset<real>(next, width));
      for (int k = 0; k < 4; ++k) fetch<real, N>(atoms + offset<real>(next, 4 * width) + k * width);
    }
    Vector<real> total = {};
    for (int v = 0; v < N; ++v) {
      const int c = v * lanes<real>;
      const Vector<real> gate = part.value(0, v), core = part.value(1, v);
      const Vector<real> gate_slope = part.derivative(0, v), core_slope = part.derivative(1, v);
      for (int reversed = 0; reversed < 2; ++reversed) {
        const real *center = (reversed ? there : here) + c;
        const real *neighbor = (reversed ? here : there) + 2 * width + c;
        const auto found = message<real>(gate + load(center) + load(neighbor),
                                         core + load(center + width) + load(neighbor + width));
        const Vector<real> weight = load(gradients[reversed] + c);
        const Vector<real> scaled = envelope.value * weight;
        const Vector<real> by_gate = scaled * found.by_gate, by_core = scaled * found.by_core;
        total += by_gate * gate_slope + by_core * core_slope;
        total += envelope.derivative * weight * found.value;
        real *sum = to + 2 * reversed * width + c;
        store(sum, load(sum) + by_gate);
        store(sum + width, load(sum + width) + by_core);
      }
    }
    edge.derivative += sum<real>(total);
  }
}

template <class real>
inline MessageTables<real> from_channel(MessageTables<real> tables, int c) {
  return {from_channel(tables.tables, c), tables.scale};
}

template <class real>
void gather_messages(EdgeRange<real> edges, MessageTables<real> tables, const real *centers,
                     const real *atoms, real *sums) {
  in_chunks<real>(
      tables.tables.width,
      [&](int c) {
        gather_messages_of<real, 4>(edges, from_channel(tables, c), centers + c, atoms + c,
                                    sums + c);
      },
      [&](int c) {
        gather_messages_of<real, 2>(edges, from_channel(tables, c), centers + c, atoms + c,
                                    sums + c);
      });
}

template <class real>
void gather_message_gradient(EdgeRange<real> edges, MessageTables<real> tables, const real *centers,
                             const real *atoms, const real *center_gradient, const real *gradient,
                             real *sums) {
  in_chunks<real>(
      tables.tables.width,
      [&](int c) {
        gather_message_gradient_of<real, 4>(edges, from_channel(tables, c), centers + c, atoms + c,
                                            center_gradient + c, gradient + c, sums + c);
      },
      [&](int c) {
        gather_message_gradient_of<real, 2>(edges, from_channel(tables, c), centers + c, atoms + c,
                                            center_gradient + c, gradient + c, sums + c);
      });
}

}  // namespace EIPPOT_ISA
}  // namespace eippot

#endif
