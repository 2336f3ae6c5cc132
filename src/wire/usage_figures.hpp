// Reads the members of a usage object, whichever dialect wrote them. Private to wire. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "wire/dialects.hpp"
#include "wire/json_cursor.hpp"
#include "wire/usage_extract.hpp"

namespace obleth::wire {

// If usage may stand at this member of the top level, takes the member's value and answers whether that was well
// formed; nothing: it may not, and the value is not taken.
[[nodiscard]] std::optional<bool> take_placed_usage(JsonCursor& cursor, const JsonString& key,
                                                    const DialectRules& rules, UsageFigures& figures);

}  // namespace obleth::wire
