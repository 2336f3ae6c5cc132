// Numbers of as many bytes as they need, seven bits in each, the lowest first (Protocol Buffers' varints). Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace obleth {

inline constexpr std::size_t varint_bytes_max = 10;

// Where there is room for all of it; answers the byte after it.
[[nodiscard]] inline char* put_varint(char* at, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U)
    *at++ = static_cast<char>(value | 0x80);
  *at++ = static_cast<char>(value);
  return at;
}

// Moves at behind the number. Nothing: it does not end, or only beyond what such a number may take.
[[nodiscard]] inline std::optional<std::uint64_t> take_varint(const char*& at, const char* end) {
  // Most numbers are of one byte.
  if (at != end && static_cast<unsigned char>(*at) < 0x80) return static_cast<unsigned char>(*at++);
  std::uint64_t value = 0;
  for (std::uint32_t shift = 0; shift < 64 && at != end; shift += 7) {
    const std::uint64_t byte = static_cast<unsigned char>(*at++);
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
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
  explicit VarintReader(std::span<const std::uint8_t> bytes)
      : at_(reinterpret_cast<const char*>(bytes.data())), end_(at_ + bytes.size()) {}

  [[nodiscard]] bool is_whole() const { return whole_; }
  [[nodiscard]] bool is_over() const { return at_ == end_; }
  [[nodiscard]] std::span<const std::uint8_t> left() const {
    return {reinterpret_cast<const std::uint8_t*>(at_), static_cast<std::size_t>(end_ - at_)};
  }

  [[nodiscard]] std::uint64_t next() {
    const std::optional<std::uint64_t> value = take_varint(at_, end_);
    whole_ = whole_ && value;
    return value.value_or(0);
  }
  // Empty where fewer are left.
  [[nodiscard]] std::span<const std::uint8_t> bytes(std::uint64_t size) {
    whole_ = whole_ && size <= left().size();
    if (!whole_) return {};
    const auto taken = left().first(size);
    at_ += size;
    return taken;
  }

 private:
  const char* at_;
  const char* end_;
  bool whole_ = true;
};

}  // namespace obleth
