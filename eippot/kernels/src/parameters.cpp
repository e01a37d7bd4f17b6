#include "parameters.h"

namespace eippot {

void Parameters::add(const std::string &name, std::vector<double> values) {
  entries_[name] = {std::move(values), false};
}

const std::vector<double> &Parameters::array(const std::string &name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw NoEngine("the model has no '" + name + "'");
  found->second.taken = true;
  return found->second.values;
}

const std::vector<double> &Parameters::array(const std::string &name, std::size_t size) {
  const std::vector<double> &values = array(name);
  if (values.size() == size) return values;
  throw NoEngine("expected " + std::to_string(size) + " numbers in '" + name + "', got " +
                 std::to_string(values.size()));
}

void Parameters::require_all_taken() const {
  for (const auto &[name, entry] : entries_) {
    if (!entry.taken) throw NoEngine("the engine does not know '" + name + "'");
  }
}

}  // namespace eippot
