// A small file, read at once: configuration, documents. Blocks; any thread.
#pragma once

#include <string>

#include "base/result.hpp"

namespace obleth {

// Fault: invalid, when there is no such file, it may not be read, or it is none: a folder.
[[nodiscard]] Result<std::string> read_whole_file(const std::string& path);

}  // namespace obleth
