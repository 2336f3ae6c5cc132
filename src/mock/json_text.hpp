// Writes JSON without a tree: the answers are made of constant text with a few values between. Pure.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace obleth::mock {

void append_number(std::string& out, std::int64_t number);
// As a JSON string, with its quotes.
[[nodiscard]] std::string quoted(std::string_view text);

// Text goes out as it is, numbers in decimal.
template <class... Parts>
void write_parts(std::string& out, const Parts&... parts) {
  const auto write = [&out](const auto& part) {
    if constexpr (std::integral<std::remove_cvref_t<decltype(part)>>) {
      append_number(out, static_cast<std::int64_t>(part));
    } else {
      out.append(part);
    }
  };
  (write(parts), ...);
}

}  // namespace obleth::mock
