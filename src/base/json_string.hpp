// Text as the inside of a JSON string. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace obleth {

// Escapes what RFC 8259 §7 requires; each byte that is not part of valid UTF-8 becomes U+FFFD. Adds no quotes.
void append_json_string(std::string& out, std::string_view text);

// The same where there is room for the longest that a text can become; answers where it ends.
inline constexpr std::size_t json_bytes_of_a_byte = 6;
[[nodiscard]] char* write_json_string(char* out, std::string_view text);

}  // namespace obleth
