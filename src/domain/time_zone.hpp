// Time zones by their names. Values; any thread.
#pragma once

#include <date/tz.h>

#include <string>

namespace obleth {

// UTC is known without a time zone database.
[[nodiscard]] bool is_utc(const std::string& name);

// Null when the name is unknown or the machine has no time zone database.
[[nodiscard]] const date::time_zone* find_time_zone(const std::string& name);

}  // namespace obleth
