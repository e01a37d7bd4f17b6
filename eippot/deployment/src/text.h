/// Text that LAMMPS' side and torch's side can hand to each other.
///
/// The two may have been compiled with different layouts of std::string (_GLIBCXX_USE_CXX11_ABI);
/// of std::vector there is one.

#ifndef EIPPOT_TEXT_H
#define EIPPOT_TEXT_H

#include <string>
#include <vector>

namespace eippot {

class Text {
 public:
  Text() = default;
  Text(const std::string &text) : characters_(text.begin(), text.end()) {}

  std::string str() const { return {characters_.begin(), characters_.end()}; }

 private:
  std::vector<char> characters_;
};

}  // namespace eippot

#endif
