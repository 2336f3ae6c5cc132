#include "domain/money.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <string_view>

#include "base/text_pen.hpp"

namespace obleth {
namespace {

constexpr int pico_decimals = 12;
constexpr int nano_decimals = 9;
constexpr std::int64_t pico_max = 1'000'000LL * 1'000'000'000'000LL;         // a million dollars
constexpr std::int64_t nano_max = std::numeric_limits<std::int64_t>::max();  // nine billion dollars
constexpr std::size_t text_length_max = 64;

// digits × 10^exponent
struct Decimal {
  std::string digits;
  int exponent = 0;
};

std::size_t count_digits(std::string_view text) {
  const std::size_t end = text.find_first_not_of("0123456789");
  return end == std::string_view::npos ? text.size() : end;
}

// Digits, perhaps with a fraction and an exponent: as JSON writes numbers, but never negative.
std::optional<Decimal> parse_decimal(std::string_view text) {
  if (text.size() > text_length_max) return std::nullopt;
  Decimal decimal;
  const auto take_digits = [&text, &decimal] {
    const std::size_t count = count_digits(text);
    decimal.digits += text.substr(0, count);
    text.remove_prefix(count);
    return count;
  };
  if (take_digits() == 0) return std::nullopt;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t decimals = take_digits();
    if (decimals == 0) return std::nullopt;
    decimal.exponent = -static_cast<int>(decimals);
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+')) text.remove_prefix(1);
    constexpr int exponent_max = 99;
    int exponent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (error != std::errc{} || exponent < -exponent_max || exponent > exponent_max) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    decimal.exponent += exponent;
  }
  return text.empty() ? std::optional(std::move(decimal)) : std::nullopt;
}

// As a whole number of units, of which 10^decimals make a dollar; refused where it is not whole or above largest.
std::optional<std::int64_t> units_of(std::string_view text, int decimals, std::int64_t largest) {
  std::optional<Decimal> parsed = parse_decimal(text);
  if (!parsed) return std::nullopt;
  std::string& digits = parsed->digits;
  digits.erase(0, digits.find_first_not_of('0'));
  if (digits.empty()) return 0;
  int shift = parsed->exponent + decimals;
  while (shift < 0 && digits.ends_with('0')) {
    digits.pop_back();
    ++shift;
  }
  if (shift < 0 || static_cast<std::size_t>(shift) + digits.size() > text_length_max) return std::nullopt;
  digits.append(static_cast<std::size_t>(shift), '0');
  std::int64_t units = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), units);
  if (error != std::errc{} || units > largest) return std::nullopt;
  return units;
}

std::string decimal_text(std::int64_t units, int decimals, std::size_t decimals_min) {
  const bool negative = units < 0;
  const auto magnitude = negative ? 0 - static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units);
  const auto places = static_cast<std::size_t>(decimals);
  // Zeros before the digits, so that the last places are the fraction of whatever number it is.
  std::array<char, std::size_t{pico_decimals} + TextPen::number_bytes_max> written;
  char* const digits = std::fill_n(written.data(), places, '0');
  const char* const end = std::to_chars(digits, digits + TextPen::number_bytes_max, magnitude).ptr;
  const char* const point = end - places;
  std::string_view fraction(point, end);
  // Zeros at its end say nothing, but for the first few.
  while (fraction.size() > decimals_min && fraction.ends_with('0'))
    fraction.remove_suffix(1);
  const std::string_view whole = point > digits ? std::string_view(digits, point) : "0";
  const bool has_point = !fraction.empty();
  std::string text;
  append_with_pen(text, whole.size() + fraction.size() + (negative ? 1 : 0) + (has_point ? 1 : 0), [&](TextPen& pen) {
    if (negative) pen.character('-');
    pen.plain(whole);
    if (has_point) pen.character('.');
    pen.plain(fraction);
  });
  return text;
}

}  // namespace

std::optional<PicoUsd> pico_usd_from_decimal(std::string_view text) {
  const std::optional<std::int64_t> units = units_of(text, pico_decimals, pico_max);
  return units ? std::optional(PicoUsd{*units}) : std::nullopt;
}

std::string to_decimal(PicoUsd price) {
  return decimal_text(price.value, pico_decimals, 0);
}

std::optional<NanoUsd> nano_usd_from_decimal(std::string_view text) {
  const std::optional<std::int64_t> units = units_of(text, nano_decimals, nano_max);
  return units ? std::optional(NanoUsd{*units}) : std::nullopt;
}

std::string to_decimal(NanoUsd amount) {
  return decimal_text(amount.value, nano_decimals, 2);
}

}  // namespace obleth
