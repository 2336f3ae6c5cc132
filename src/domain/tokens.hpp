// Token counts and the fairshare cost made of them. Integers; every sum saturates instead of wrapping.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <limits>

namespace obleth {

template <class Tag>
struct Count {
  std::int64_t value = 0;  // never negative
  constexpr auto operator<=>(const Count&) const = default;
};

using PromptTokens = Count<struct PromptTokensTag>;
using OutputTokens = Count<struct OutputTokensTag>;

// Fairshare cost in thousandths of a token of weight 1: the unit in which turns are decided.
using MilliCost = Count<struct MilliCostTag>;

[[nodiscard]] constexpr std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

[[nodiscard]] constexpr std::int64_t saturating_multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  return (a < 0) == (b < 0) ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

// What one request really used, normalised: prompt includes cached, output includes reasoning.
struct TokenUsage {
  PromptTokens prompt;
  PromptTokens cached;  // part of prompt
  OutputTokens output;
  OutputTokens reasoning;  // part of output
  bool operator==(const TokenUsage&) const = default;
};

// Of an answer whose usage nobody told.
struct CountedOutput {
  OutputTokens events;    // of a stream, with content: a token each at least
  OutputTokens by_bytes;  // a guess: four of them are a token
  [[nodiscard]] constexpr OutputTokens larger() const { return std::max(events, by_bytes); }
  // As much as a guess can say of an answer that may not be longer.
  [[nodiscard]] constexpr OutputTokens within(OutputTokens bound) const {
    return std::max(events, std::min(by_bytes, bound));
  }
};

}  // namespace obleth
