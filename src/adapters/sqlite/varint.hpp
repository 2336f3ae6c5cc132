// Numbers of as many bytes as they need, seven bits in each, as the ledger packs them. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace obleth::adapters {

inline constexpr std::size_t varint_bytes_max = 10;

// Where there is room for all of it; returns the byte after it.
[[nodiscard]] inline char* put_varint(char* at, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U)
    *at++ = static_cast<char>(value | 0x80);
  *at++ = static_cast<char>(value);
  return at;
}

// Small numbers of either sign are few bits: 0, -1, 1, -2, …
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t coded) {
  return static_cast<std::int64_t>(coded >> 1U ^ (~(coded & 1U) + 1));
}

// Reads from the front of bytes. What ends within a number is not whole, and reads as zeros.
class VarintReader {
 public:
  explicit VarintReader(std::span<const std::uint8_t> bytes) : left_(bytes) {}

  [[nodiscard]] bool is_whole() const { return whole_; }
  [[nodiscard]] bool is_over() const { return left_.empty(); }
  [[nodiscard]] std::span<const std::uint8_t> left() const { return left_; }

  [[nodiscard]] std::uint64_t next() {
    // Most numbers are of one byte.
    if (!left_.empty() && left_.front() < 0x80) return take_byte();
    std::uint64_t value = 0;
    for (std::uint32_t shift = 0; shift < 64 && !left_.empty(); shift += 7) {
      const std::uint64_t byte = take_byte();
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    whole_ = false;
    return 0;
  }
  // Empty where fewer are left.
  [[nodiscard]] std::span<const std::uint8_t> bytes(std::uint64_t size) {
    whole_ = whole_ && size <= left_.size();
    if (!whole_) return {};
    const auto taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }

 private:
  std::uint64_t take_byte() {
    const std::uint8_t byte = left_.front();
    left_ = left_.subspan(1);
    return byte;
  }

  std::span<const std::uint8_t> left_;
  bool whole_ = true;
};

}  // namespace obleth::adapters
