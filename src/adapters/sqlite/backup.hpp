// A copy of a database that another process is writing to: of one moment, while nobody waits. Blocking; any thread.
#pragma once

#include <string>

#include "base/result.hpp"

namespace obleth::adapters {

// to must not exist; it stands there only when it is whole and on disk, readable by its owner alone.
// Faults: conflict (to exists), unavailable, broken (from is no database), exhausted (no room).
[[nodiscard]] Result<void> copy_database(const std::string& from, const std::string& to);

}  // namespace obleth::adapters
