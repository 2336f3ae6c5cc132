// Sixteen bytes looked at together, in one vector register. The answers are blocks again: 0xFF in each lane that fits.
//
// Vector extensions of GCC and Clang (SSE2, NEON); for long runs, where ByteLanes would do the same twice. Pure.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <utility>

namespace obleth::wire {

static_assert(std::endian::native == std::endian::little, "the first byte must be the lowest lane");

class ByteBlock {
  using Vector = unsigned char __attribute__((vector_size(16)));

 public:
  static constexpr std::size_t width = sizeof(Vector);

  // How many blocks had a lane set, lane by lane: one subtraction per block, one addition across in the end.
  class Sum {
   public:
    static constexpr std::int64_t blocks_max = 255;  // then a lane is full
    void operator+=(ByteBlock lanes) { lanes_ -= lanes.lanes_; }
    // All lanes together; begins again at nothing.
    [[nodiscard]] std::int64_t take() {
      const auto counts = std::bit_cast<std::array<unsigned char, width>>(std::exchange(lanes_, Vector{}));
      return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
    }

   private:
    Vector lanes_{};
  };

  explicit ByteBlock(const char* sixteen_bytes) { std::memcpy(&lanes_, sixteen_bytes, width); }
  [[nodiscard]] static ByteBlock all(bool set) { return ByteBlock(every(set ? '\xFF' : '\0')); }

  [[nodiscard]] ByteBlock equal_to(char wanted) const { return of(lanes_ == every(wanted)); }
  // Bounds included.
  [[nodiscard]] ByteBlock between(char first, char last) const {
    return of(lanes_ - every(first) <= every(static_cast<char>(last - first)));
  }
  [[nodiscard]] ByteBlock up_to(char last) const { return of(lanes_ <= every(last)); }
  [[nodiscard]] ByteBlock beyond_ascii() const { return of(lanes_ >= every('\x80')); }
  // Each lane's neighbour before it; the first one's is the last of the block before.
  [[nodiscard]] ByteBlock behind(ByteBlock before) const {
    return ByteBlock(
        __builtin_shufflevector(before.lanes_, lanes_, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30));
  }
  // The first lane that is set, of a block where any is.
  [[nodiscard]] std::size_t first() const {
    const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(lanes_);
    const int bits = halves[0] != 0 ? std::countr_zero(halves[0]) : 64 + std::countr_zero(halves[1]);
    return static_cast<std::size_t>(bits) / 8;
  }
  [[nodiscard]] bool any() const {
    const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(lanes_);
    return (halves[0] | halves[1]) != 0;
  }

  friend ByteBlock operator|(ByteBlock a, ByteBlock b) { return ByteBlock(a.lanes_ | b.lanes_); }
  friend ByteBlock operator&(ByteBlock a, ByteBlock b) { return ByteBlock(a.lanes_ & b.lanes_); }
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

}  // namespace obleth::wire
