// Dollars as integers. Prices are pico-dollars per token, amounts are nano-dollars; no floating point anywhere.
//
// 1 USD = 10^9 nano-dollars = 10^12 pico-dollars. An int64 of nano-dollars holds nine billion dollars.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace obleth {

struct PicoUsd {
  std::int64_t value = 0;
  constexpr auto operator<=>(const PicoUsd&) const = default;
};

struct NanoUsd {
  std::int64_t value = 0;
  constexpr auto operator<=>(const NanoUsd&) const = default;
};

// "0.000003", "3e-06", "15": exact decimal, at most 12 decimals, 0 .. 1,000,000 dollars. Nothing is rounded: more
// decimals than the unit has are refused.
[[nodiscard]] std::optional<PicoUsd> pico_usd_from_decimal(std::string_view text);
[[nodiscard]] std::string to_decimal(PicoUsd price);  // "0.000003": shortest exact form

[[nodiscard]] std::optional<NanoUsd> nano_usd_from_decimal(std::string_view text);
[[nodiscard]] std::string to_decimal(NanoUsd amount);  // "250.00": at least two decimals

}  // namespace obleth
