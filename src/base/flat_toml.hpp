// Settings files: the flat part of TOML, read strictly. `key = value` lines, strings, bare values, lists, # comments.
//
// Tables ([name]) and dates are refused: no file of ours needs them, and what is not understood is never skipped.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace obleth {

struct FlatTomlEntry {
  std::string key;
  std::vector<std::string> values;  // one, or those of a list
  bool is_list = false;
  std::size_t line = 0;
};

// In the order of the file. Fault: invalid, naming the line; a key that occurs twice is one.
[[nodiscard]] Result<std::vector<FlatTomlEntry>> parse_flat_toml(std::string_view text);

}  // namespace obleth
