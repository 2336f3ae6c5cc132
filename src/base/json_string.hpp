// Text as the inside of a JSON string. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace obleth {

// Escapes what RFC 8259 §7 requires; each byte that is not part of valid UTF-8 becomes U+FFFD. Adds no quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace obleth
