/// Functions of distance, as an exported file has them.

#ifndef EIPPOT_KNOT_VALUES_H
#define EIPPOT_KNOT_VALUES_H

#include <string>
#include <vector>

#include "engine/parameters.h"

namespace eippot {

/// C functions at K >= 2 knots, equally spaced from 0 to the cutoff.
struct KnotValues {
  std::vector<double> values;       ///< (K, C)
  std::vector<double> derivatives;  ///< (K, C) [1/Angstrom]
};

/// The numbers of a RadialTable (eippot/models/blocks/table.py) of so many functions.
KnotValues read_knots(Parameters &from, const std::string &name, std::size_t n_functions);

/// `count` of n_functions functions, from `first` on.
KnotValues some_of(const KnotValues &functions, std::size_t n_functions, std::size_t first,
                   std::size_t count);

/// How many knots all tables have.
int read_n_knots(Parameters &from);

}  // namespace eippot

#endif
