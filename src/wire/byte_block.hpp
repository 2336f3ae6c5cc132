// Sixteen bytes looked at together, in one vector register. The answers are blocks again: 0xFF in each lane that fits.
//
// Vector extensions of GCC and Clang (SSE2, NEON). Pure.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace obleth::wire {

static_assert(std::endian::native == std::endian::little, "the first byte must be the lowest lane");

class ByteBlock {
  using Vector = unsigned char __attribute__((vector_size(16)));

 public:
  static constexpr std::size_t width = sizeof(Vector);

  explicit ByteBlock(const char* sixteen_bytes) { std::memcpy(&lanes_, sixteen_bytes, width); }

  [[nodiscard]] ByteBlock equal_to(char wanted) const { return of(lanes_ == every(wanted)); }
  // Bounds included.
  [[nodiscard]] ByteBlock between(char first, char last) const {
    return of(lanes_ - every(first) <= every(static_cast<char>(last - first)));
  }
  // Letters in lower case; of other ASCII only what has the same lower bits changes ('[' becomes '{').
  [[nodiscard]] ByteBlock lowered() const { return *this | ByteBlock(every(' ')); }
  [[nodiscard]] ByteBlock up_to(char last) const { return of(lanes_ <= every(last)); }
  [[nodiscard]] ByteBlock beyond_ascii() const { return of(lanes_ >= every('\x80')); }
  // A bit for each lane that is set, the first lane's lowest.
  [[nodiscard]] std::uint32_t bits() const {
#if defined(__SSE2__)
    using SignedVector = char __attribute__((vector_size(16)));
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(std::bit_cast<SignedVector>(lanes_)));
#else
    // Every product's highest byte gathers one bit of each of eight bytes; no two of its terms meet.
    constexpr std::uint64_t ones = 0x0101010101010101ULL;
    constexpr std::uint64_t gather = 0x0102040810204080ULL;
    using Halves = std::array<std::uint64_t, 2>;
    const auto halves = std::bit_cast<Halves>(lanes_);
    return static_cast<std::uint32_t>((halves[0] & ones) * gather >> 56 | ((halves[1] & ones) * gather >> 56) << 8);
#endif
  }
  // The first lane that is set, of a block where any is.
  [[nodiscard]] std::size_t first() const { return static_cast<std::size_t>(std::countr_zero(bits())); }
  [[nodiscard]] bool any() const { return bits() != 0; }

  friend ByteBlock operator|(ByteBlock a, ByteBlock b) { return ByteBlock(a.lanes_ | b.lanes_); }
  ByteBlock operator~() const { return ByteBlock(~lanes_); }

 private:
  explicit ByteBlock(Vector lanes) : lanes_(lanes) {}
  // A comparison answers in lanes of signed numbers.
  template <class Compared>
  static ByteBlock of(Compared lanes) {
    return ByteBlock(std::bit_cast<Vector>(lanes));
  }
  static Vector every(char byte) { return Vector{} + static_cast<unsigned char>(byte); }

  Vector lanes_;
};

// The first byte from at on that is wanted: asked of sixteen at once, and of those that are left one by one.
template <class Lanes, class Wanted>
[[nodiscard]] inline const char* find_byte(const char* at, const char* end, Lanes&& wanted_lanes, Wanted&& is_wanted) {
  for (auto left = static_cast<std::size_t>(end - at); left >= ByteBlock::width; left -= ByteBlock::width) {
    const ByteBlock found = wanted_lanes(ByteBlock(at));
    if (found.any()) return at + found.first();
    at += ByteBlock::width;
  }
  while (at != end && !is_wanted(*at))
    ++at;
  return at;
}

// a == b, of names: where the compiler does not know how long they are, a call costs more than comparing.
[[nodiscard]] inline bool same_text(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  const auto differ = [a, b]<class Word>(std::size_t at, Word) {
    Word one{};
    Word other{};
    std::memcpy(&one, a.data() + at, sizeof(Word));
    std::memcpy(&other, b.data() + at, sizeof(Word));
    return one ^ other;
  };
  if (size >= sizeof(std::uint64_t)) {
    std::uint64_t differing = differ(size - sizeof(std::uint64_t), std::uint64_t{});
    for (std::size_t at = 0; at + sizeof(std::uint64_t) < size; at += sizeof(std::uint64_t))
      differing |= differ(at, std::uint64_t{});
    return differing == 0;
  }
  if (size >= sizeof(std::uint32_t)) {
    return (differ(0, std::uint32_t{}) | differ(size - sizeof(std::uint32_t), std::uint32_t{})) == 0;
  }
  std::size_t same = 0;
  while (same < size && a[same] == b[same])
    ++same;
  return same == size;
}

}  // namespace obleth::wire
