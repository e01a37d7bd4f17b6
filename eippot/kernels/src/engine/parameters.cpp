#include "engine/parameters.h"

namespace eippot {

namespace {

bool starts_with(const std::string &text, const std::string &beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

}  // namespace

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

Parameters Parameters::of_member(int member) {
  const std::string all = "potential.potentials.", own = all + std::to_string(member) + ".";
  Parameters single;
  for (const auto &[name, entry] : entries_) {
    if (starts_with(name, own))
      single.add("potential." + name.substr(own.size()), entry.values);
    else if (!starts_with(name, all))
      single.add(name, entry.values);
  }
  const auto &energies = array("reference_energies");
  const auto n = static_cast<std::size_t>(number("n_species"));
  const auto begin = energies.begin() + (energies.size() > n ? member * n : 0);
  single.add("reference_energies", {begin, begin + n});
  return single;
}

void Parameters::require_all_taken() const {
  for (const auto &[name, entry] : entries_) {
    if (!entry.taken && starts_with(name, "potential."))
      throw NoEngine("the engine does not know '" + name + "'");
  }
}

}  // namespace eippot
