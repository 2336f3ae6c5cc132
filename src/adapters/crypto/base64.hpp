// Base64 with the standard alphabet and padding (RFC 4648, section 4), over OpenSSL's block coder.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace obleth::adapters {

[[nodiscard]] std::string to_base64(std::span<const std::uint8_t> bytes);
// Nothing when the text is not the one spelling of some bytes: no white space, no missing padding, no stray bits.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text);

}  // namespace obleth::adapters
