// Reads the members of a usage object, whichever dialect wrote them. Private to wire. Pure.
#pragma once

#include <optional>

#include "wire/json_cursor.hpp"
#include "wire/usage_extract.hpp"

namespace obleth::wire {

// Takes a whole object, or answers false. found is set where it holds a count of tokens, and else left alone.
[[nodiscard]] bool take_usage(JsonCursor& cursor, std::optional<ExtractedUsage>& found);

}  // namespace obleth::wire
