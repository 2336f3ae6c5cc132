#include "base/whole_file.hpp"

#include <array>
#include <fstream>

namespace obleth {

// A folder can be opened, but not read: only the end of a file says that it was one.
Result<std::string> read_whole_file(const std::string& path) {
  constexpr std::size_t portion_bytes = 16ULL << 10;
  std::ifstream file(path, std::ios::binary);
  std::array<char, portion_bytes> portion{};
  std::string text;
  while (file.read(portion.data(), portion.size()) || file.gcount() > 0)
    text.append(portion.data(), static_cast<std::size_t>(file.gcount()));
  if (!file.eof()) return fail(client_fault(FaultKind::invalid, "cannot read " + path));
  return text;
}

}  // namespace obleth
