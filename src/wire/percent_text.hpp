// Percent escapes of a URL's part (RFC 3986 §2.1). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace obleth::wire {

// Nothing where a % is followed by anything but two hex digits. Any byte may come of it, NUL too.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace obleth::wire
