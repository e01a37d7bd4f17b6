/// The numbers of a trained model by name, as its file has them.
///
/// Names are those of the tensors in an exported file ("potential.representation.embedding.weight")
/// and of the numbers beside them: cutoff [Angstrom], table_bins, n_members, n_species. An engine
/// takes what it knows; what is left over or missing tells that it is not the engine of this model.

#ifndef EIPPOT_PARAMETERS_H
#define EIPPOT_PARAMETERS_H

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace eippot {

/// There is no engine for a model; the text says why.
class NoEngine : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Parameters {
 public:
  void add(const std::string &name, std::vector<double> values);

  bool has(const std::string &name) const { return entries_.count(name) > 0; }

  /// All of its numbers, in the order of memory (row-major).
  const std::vector<double> &array(const std::string &name);

  /// The same, where their number is known.
  const std::vector<double> &array(const std::string &name, std::size_t size);

  double number(const std::string &name) { return array(name, 1).front(); }

  /// Takes note that an array does not matter.
  void ignore(const std::string &name) { array(name); }

  /// Those of one member of a committee, named as if it were alone.
  Parameters of_member(int member);

  /// Throws NoEngine if the potential has tensors that were not asked for.
  void require_all_taken() const;

 private:
  struct Entry {
    std::vector<double> values;
    bool taken = false;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace eippot

#endif
