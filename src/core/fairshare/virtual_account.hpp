// What one node of the share tree has used and holds: settled cost, reserved cost, and both as virtual service.
//
// Virtual service = cost x 1024 / (weight x 1000) in whole units; the remainder is carried, never lost. The start tag
// is a function of settled + reserved alone, so that settling from a reservation does not move it by a single unit.
// Thread: that of its owner.
#pragma once

#include <algorithm>
#include <cstdint>

#include "domain/tenant.hpp"

namespace obleth::fairshare {

// Milli-tokens. No request is charged or reserved more, so that sums over all that run stay far from overflow.
inline constexpr std::int64_t request_cost_max = std::int64_t{1} << 38;

inline constexpr std::int64_t virtual_units = 1024;

[[nodiscard]] constexpr std::int64_t divisor_of(std::uint32_t weight) {
  return std::int64_t{weight} * 1000;
}

// a * b / c without overflow in between; c > 0, rounded towards zero.
[[nodiscard]] constexpr std::int64_t scaled(std::int64_t a, std::int64_t b, std::int64_t c) {
  if (std::int64_t product = 0; !__builtin_mul_overflow(a, b, &product)) return product / c;
  const __int128 exact = static_cast<__int128>(a) * b / c;
  constexpr __int128 limit = std::int64_t{1} << 62;
  return static_cast<std::int64_t>(std::clamp(exact, -limit, limit));
}
[[nodiscard]] constexpr std::int64_t virtual_of(std::int64_t cost, std::uint32_t weight) {
  return scaled(cost, virtual_units, divisor_of(weight));
}
[[nodiscard]] constexpr std::int64_t cost_of(std::int64_t virtual_service, std::uint32_t weight) {
  return scaled(virtual_service, divisor_of(weight), virtual_units);
}
[[nodiscard]] constexpr std::int64_t floor_divide(std::int64_t numerator, std::int64_t divisor) {
  const std::int64_t quotient = numerator / divisor;
  return quotient - ((numerator % divisor < 0) ? 1 : 0);
}

class VirtualAccount {
 public:
  VirtualAccount() = default;
  explicit VirtualAccount(std::uint32_t weight) : weight_(std::clamp(weight, 1U, weight_max)) {}

  [[nodiscard]] std::uint32_t weight() const { return weight_; }
  [[nodiscard]] std::int64_t reserved_cost() const { return reserved_cost_; }  // milli-tokens, of what runs
  [[nodiscard]] std::int64_t peak() const { return peak_; }                    // S; never falls

  // What was settled and not taken back since: where virtual time may rise to. Below S only while there is credit.
  [[nodiscard]] std::int64_t settled() const { return peak_ + floor_divide(parts_, divisor_of(weight_)); }
  // settled() with all reservations spent: what turns are ordered by.
  [[nodiscard]] std::int64_t start_tag() const {
    return peak_ + floor_divide(parts_ + reserved_cost_ * virtual_units, divisor_of(weight_));
  }

  // cost < 0: less was used than was settled before. S stays, and what comes next is charged against the credit.
  void settle(std::int64_t cost) {
    parts_ += cost * virtual_units;
    carry();
  }
  void reserve(std::int64_t cost) { reserved_cost_ += cost; }  // cost < 0: gives back

  // S stays what it is: its past was charged at the old weight. The remainder and any credit are tokens, and kept.
  void set_weight(std::uint32_t weight) {
    weight_ = std::clamp(weight, 1U, weight_max);
    carry();
  }

  // Remainder and credit end with idleness, as they do when the node is forgotten and made anew.
  void begin_anew() { parts_ = 0; }

 private:
  void carry() {
    if (parts_ < divisor_of(weight_)) return;
    peak_ += parts_ / divisor_of(weight_);
    parts_ %= divisor_of(weight_);
  }

  std::int64_t peak_ = 0;
  std::int64_t parts_ = 0;  // of a virtual unit, in 1 / divisor: the remainder, or below zero the credit
  std::int64_t reserved_cost_ = 0;
  std::uint32_t weight_ = default_weight;
};

}  // namespace obleth::fairshare
