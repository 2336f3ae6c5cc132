// ClickHouse's RowBinary: integers little-endian, texts and arrays after their length as a varint. Pure.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace obleth::adapters {

class RowBinaryWriter {
 public:
  template <std::integral Integer>
  RowBinaryWriter& integer(Integer value) {
    using Bits = std::make_unsigned_t<Integer>;
    for (std::size_t at = 0; at < sizeof(Integer); ++at)
      bytes_.push_back(static_cast<char>(static_cast<Bits>(value) >> (8 * at)));
    return *this;
  }
  RowBinaryWriter& text(std::string_view text) {
    std::uint64_t length = text.size();
    for (; length >= 0x80; length >>= 7)
      bytes_.push_back(static_cast<char>(length | 0x80));
    bytes_.push_back(static_cast<char>(length));
    bytes_.append(text);
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what a query answered. Past the end everything is zero and broken() is true: the answer was no such row.
class RowBinaryReader {
 public:
  explicit RowBinaryReader(std::string_view bytes) : left_(bytes) {}

  template <std::integral Integer>
  [[nodiscard]] Integer integer() {
    using Bits = std::make_unsigned_t<Integer>;
    Bits value = 0;
    const std::string_view raw = take(sizeof(Integer));
    for (std::size_t at = 0; at < raw.size(); ++at)
      value = static_cast<Bits>(value |
                                static_cast<Bits>(static_cast<Bits>(static_cast<std::uint8_t>(raw[at])) << (8 * at)));
    return static_cast<Integer>(value);
  }
  [[nodiscard]] std::uint64_t varint() {
    std::uint64_t value = 0;
    for (std::uint32_t shift = 0; shift < 64; shift += 7) {
      const auto byte = integer<std::uint8_t>();
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    broken_ = true;
    return 0;
  }
  [[nodiscard]] std::string text() {
    const std::uint64_t length = varint();
    return std::string(take(length));
  }
  [[nodiscard]] bool at_end() const { return left_.empty(); }
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > left_.size()) {
      broken_ = true;
      left_ = {};
      return {};
    }
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }

  std::string_view left_;
  bool broken_ = false;
};

}  // namespace obleth::adapters
