/// Sizes and orders of what a SOAPNet computes.
///
/// Radial functions are in groups of 8, padded with zeros, in the order (groups, degrees, group).
/// The coefficients of a density are rows (a, n) of mixed densities and radial functions, one
/// behind the other for each harmonic lm = l^2 + l + m: (harmonics, rows). The power spectrum has
/// one component for each degree and each pair of rows: those of two different groups as a tile (8,
/// 8), those within one group as the upper triangle of such a tile, row by row.

#ifndef EIPPOT_SOAP_SHAPE_H
#define EIPPOT_SOAP_SHAPE_H

namespace eippot {

struct SoapShape {
  static constexpr int group = 8;
  static constexpr int tile = group * group, triangle = group * (group + 1) / 2;
  static constexpr int most_degrees = 12;

  int n_degrees;  ///< l < n_degrees <= most_degrees
  int n_groups;   ///< of radial functions
  int n_mixed;    ///< densities that those of the species are mixed to

  int functions() const { return n_groups * group; }
  int radial_width() const { return n_degrees * functions(); }  ///< all radial functions
  int harmonics() const { return n_degrees * n_degrees; }
  int rows() const { return n_mixed * functions(); }
  int coefficients() const { return harmonics() * rows(); }
  int row_groups() const { return n_mixed * n_groups; }

  /// Place of the radial function n of degree l.
  int function(int l, int n) const { return (n / group * n_degrees + l) * group + n % group; }

  /// Components of one degree.
  int pairs() const {
    return row_groups() * triangle + row_groups() * (row_groups() - 1) / 2 * tile;
  }
  int components() const { return n_degrees * pairs(); }

  /// Where the tiles of a group with itself and all later ones begin.
  int first_tile(int row_group) const {
    const int later = row_groups() - 1;
    return row_group * triangle + (row_group * later - row_group * (row_group - 1) / 2) * tile;
  }

  /// Component of the rows i <= j.
  int pair(int i, int j) const {
    const int left = i / group, right = j / group, row = i % group, column = j % group;
    if (left == right) return first_tile(left) + row * group - row * (row - 1) / 2 + column - row;
    return first_tile(left) + triangle + (right - left - 1) * tile + row * group + column;
  }
};

}  // namespace eippot

#endif
