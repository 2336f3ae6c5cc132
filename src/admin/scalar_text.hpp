// Numbers and moments as text, exactly: what JSON's own types would blur. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/rfc3339.hpp"

namespace obleth::admin {

// "4", "0.25", "2.5e1" as an integer of 10^-decimals. Nothing is rounded: more decimals are refused.
[[nodiscard]] std::optional<std::int64_t> scaled_integer(std::string_view number, int decimals);
// The shortest exact form: 250 with 3 decimals is "0.25".
[[nodiscard]] std::string scaled_text(std::int64_t value, int decimals);

// The other way: base/rfc3339. Any offset; what is finer than a millisecond is left out. Years 1970 – 9999.
[[nodiscard]] std::optional<WallTime> wall_time_from_rfc3339(std::string_view text);

}  // namespace obleth::admin
