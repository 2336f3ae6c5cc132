// Eight bytes looked at together, in one 64-bit word. The answers are masks: bit 7 of each lane that fits.
//
// Every mask is exact (no false lane after a true one). Method: Warren, "Hacker's Delight", 6-1. Pure.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace obleth::wire {

static_assert(std::endian::native == std::endian::little, "the first byte must be the lowest lane");

class ByteLanes {
 public:
  static constexpr std::size_t width = 8;

  explicit ByteLanes(const char* eight_bytes) { std::memcpy(&word_, eight_bytes, width); }

  [[nodiscard]] std::uint64_t equal_to(char wanted) const {
    const std::uint64_t difference = word_ ^ every(wanted);
    return ~(((difference & low_bits) + low_bits) | difference) & high_bits;
  }
  [[nodiscard]] std::uint64_t beyond_ascii() const { return word_ & high_bits; }
  // Bounds are ASCII; lanes beyond ASCII never fit.
  [[nodiscard]] std::uint64_t below(char bound) const { return ~at_least(word_, bound) & ~word_ & high_bits; }
  [[nodiscard]] std::uint64_t between(char first, char last) const { return between(word_, first, last); }
  [[nodiscard]] std::uint64_t letters() const { return between(word_ | every(' '), 'a', 'z'); }

  [[nodiscard]] static std::size_t first(std::uint64_t mask) {
    return static_cast<std::size_t>(std::countr_zero(mask)) / 8;
  }
  // Sums the lanes' bits in the highest byte: a machine without a popcount instruction is as fast.
  [[nodiscard]] static int count(std::uint64_t mask) { return static_cast<int>(((mask >> 7) * ones) >> 56); }

 private:
  static constexpr std::uint64_t ones = 0x0101010101010101ULL;
  static constexpr std::uint64_t high_bits = 0x8080808080808080ULL;
  static constexpr std::uint64_t low_bits = 0x7F7F7F7F7F7F7F7FULL;

  static std::uint64_t every(char byte) { return ones * static_cast<unsigned char>(byte); }
  static std::uint64_t at_least(std::uint64_t word, char bound) {
    return (word & low_bits) + ones * (0x80U - static_cast<unsigned char>(bound));
  }
  static std::uint64_t between(std::uint64_t word, char first, char last) {
    return at_least(word, first) & ~at_least(word, static_cast<char>(last + 1)) & ~word & high_bits;
  }

  std::uint64_t word_ = 0;
};

}  // namespace obleth::wire
