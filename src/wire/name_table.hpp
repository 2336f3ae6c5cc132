// Up to 32 names, found by their length first: sixteen lengths are compared at once, and hardly any name shares its
// length with more than a few of them. A constant; any thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "domain/http_message.hpp"
#include "wire/byte_block.hpp"
#include "wire/json_text.hpp"

namespace obleth::wire {

template <std::size_t count>
class NameTable {
  static_assert(count <= 2 * ByteBlock::width);

 public:
  consteval explicit NameTable(const std::array<std::string_view, count>& names) : names_(names) {
    for (std::size_t at = 0; at < count; ++at)
      lengths_[at] = static_cast<char>(names[at].size());
  }

  // Which name it is; count: none of them.
  [[nodiscard]] std::size_t find(std::string_view name) const {
    return find(name.size(), [name](std::string_view one) { return same_text(one, name); });
  }
  // In any case: see is_named.
  [[nodiscard]] std::size_t find_token(std::string_view token) const {
    return find(token.size(), [token](std::string_view one) { return is_named(token, one); });
  }
  // By what the key means.
  [[nodiscard]] std::size_t find(const JsonString& key) const {
    constexpr std::size_t escape_bytes_max = 6;  // "\u0065" for one ASCII character
    if (!key.has_escape) return find(key.raw);
    std::string meaning;
    return key.raw.size() <= length_max * escape_bytes_max && key.unescape(meaning) ? find(meaning) : count;
  }

 private:
  static constexpr std::size_t length_max = 127;

  template <class Compare>
  [[nodiscard]] std::size_t find(std::size_t length, Compare&& is_it) const {
    if (length == 0 || length > length_max) return count;
    std::uint32_t candidates = 0;
    for (std::size_t at = 0; at < count; at += ByteBlock::width)
      candidates |= ByteBlock(lengths_.data() + at).equal_to(static_cast<char>(length)).bits() << at;
    for (; candidates != 0; candidates &= candidates - 1) {
      const auto at = static_cast<std::size_t>(std::countr_zero(candidates));
      if (is_it(names_[at])) return at;
    }
    return count;
  }

  std::array<std::string_view, count> names_;
  std::array<char, (count + ByteBlock::width - 1) / ByteBlock::width * ByteBlock::width> lengths_{};  // 0: no name
};

}  // namespace obleth::wire
