#include "admin/scalar_text.hpp"

#include <chrono>
#include <limits>

namespace obleth::admin {
namespace {

constexpr std::int64_t exponent_max = 40;  // beyond it no number of ours has a digit left
constexpr std::int64_t year_max = 9999;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Reads decimal digits off the front of text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : left_(text) {}
  [[nodiscard]] bool done() const { return left_.empty(); }
  [[nodiscard]] bool at_digit() const { return !left_.empty() && is_digit(left_.front()); }
  bool skip(std::string_view any_of) {
    if (left_.empty() || !any_of.contains(left_.front())) return false;
    left_.remove_prefix(1);
    return true;
  }
  int digit() {
    const int value = left_.front() - '0';
    left_.remove_prefix(1);
    return value;
  }
  // Exactly count digits.
  std::optional<std::int64_t> digits(int count) {
    std::int64_t value = 0;
    for (int read = 0; read < count; ++read) {
      if (!at_digit()) return std::nullopt;
      value = value * 10 + digit();
    }
    return value;
  }

 private:
  std::string_view left_;
};

struct Decimal {
  bool negative = false;
  std::int64_t mantissa = 0;
  std::int64_t exponent = 0;  // of ten
};

bool push_digit(std::int64_t& value, int digit) {
  return !__builtin_mul_overflow(value, 10, &value) && !__builtin_add_overflow(value, digit, &value);
}

// Zeros behind the point are taken back, so that "1.000000000000000000000" does not overflow.
bool read_fraction(Cursor& cursor, Decimal& decimal) {
  std::int64_t zeros = 0;
  while (cursor.at_digit()) {
    const int digit = cursor.digit();
    if (digit == 0) {
      ++zeros;
      continue;
    }
    for (; zeros > 0; --zeros) {
      if (!push_digit(decimal.mantissa, 0)) return false;
      --decimal.exponent;
    }
    if (!push_digit(decimal.mantissa, digit)) return false;
    --decimal.exponent;
  }
  return true;
}

bool read_exponent(Cursor& cursor, Decimal& decimal) {
  const bool negative = cursor.skip("-");
  if (!negative) cursor.skip("+");
  std::int64_t power = 0;
  if (!cursor.at_digit()) return false;
  while (cursor.at_digit()) {
    if (power > exponent_max) return false;
    power = power * 10 + cursor.digit();
  }
  decimal.exponent += negative ? -power : power;
  return true;
}

std::optional<Decimal> read_decimal(std::string_view number) {
  Cursor cursor(number);
  Decimal decimal;
  decimal.negative = cursor.skip("-");
  if (!cursor.at_digit()) return std::nullopt;
  while (cursor.at_digit()) {
    if (!push_digit(decimal.mantissa, cursor.digit())) return std::nullopt;
  }
  if (cursor.skip(".")) {
    if (!cursor.at_digit() || !read_fraction(cursor, decimal)) return std::nullopt;
  }
  if (cursor.skip("eE") && !read_exponent(cursor, decimal)) return std::nullopt;
  return cursor.done() ? std::optional(decimal) : std::nullopt;
}

std::optional<std::int64_t> read_offset_minutes(Cursor& cursor) {
  if (cursor.skip("Zz")) return 0;
  const bool west = cursor.skip("-");
  if (!west && !cursor.skip("+")) return std::nullopt;
  const auto hours = cursor.digits(2);
  if (!hours || !cursor.skip(":")) return std::nullopt;
  const auto minutes = cursor.digits(2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t offset = *hours * 60 + *minutes;
  return west ? -offset : offset;
}

std::optional<std::int64_t> read_milliseconds(Cursor& cursor) {
  if (!cursor.skip(".")) return 0;
  std::int64_t value = 0;
  if (!cursor.at_digit()) return std::nullopt;
  for (std::int64_t place = 100; cursor.at_digit(); place /= 10) {
    value += cursor.digit() * place;
  }
  return value;
}

std::optional<std::int64_t> read_day(Cursor& cursor) {
  const auto year = cursor.digits(4);
  if (!year || !cursor.skip("-")) return std::nullopt;
  const auto month = cursor.digits(2);
  if (!month || !cursor.skip("-")) return std::nullopt;
  const auto day = cursor.digits(2);
  if (!day || *year < 1970 || *year > year_max) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<std::int64_t> read_second_of_day(Cursor& cursor) {
  const auto hour = cursor.digits(2);
  if (!hour || !cursor.skip(":")) return std::nullopt;
  const auto minute = cursor.digits(2);
  if (!minute || !cursor.skip(":")) return std::nullopt;
  const auto second = cursor.digits(2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return (*hour * 60 + *minute) * 60 + *second;
}

}  // namespace

std::optional<std::int64_t> scaled_integer(std::string_view number, int decimals) {
  auto decimal = read_decimal(number);
  if (!decimal) return std::nullopt;
  std::int64_t value = decimal->mantissa;
  if (value == 0) return 0;
  std::int64_t power = decimal->exponent + decimals;
  for (; power > 0; --power) {
    if (__builtin_mul_overflow(value, 10, &value)) return std::nullopt;
  }
  for (; power < 0; ++power) {
    if (value % 10 != 0) return std::nullopt;
    value /= 10;
  }
  return decimal->negative ? -value : value;
}

std::string scaled_text(std::int64_t value, int decimals) {
  const bool negative = value < 0;
  std::string digits = std::to_string(negative ? -value : value);
  const auto width = static_cast<std::size_t>(decimals);
  if (digits.size() <= width) digits.insert(0, width + 1 - digits.size(), '0');
  digits.insert(digits.size() - width, ".");
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  return negative ? "-" + digits : digits;
}

std::optional<WallTime> wall_time_from_rfc3339(std::string_view text) {
  Cursor cursor(text);
  const auto day = read_day(cursor);
  if (!day || !cursor.skip("Tt ")) return std::nullopt;
  const auto second = read_second_of_day(cursor);
  if (!second) return std::nullopt;
  const auto millisecond = read_milliseconds(cursor);
  if (!millisecond) return std::nullopt;
  const auto offset = read_offset_minutes(cursor);
  if (!offset || !cursor.done()) return std::nullopt;
  const WallTime at{((*day * 86'400 + *second) - *offset * 60) * 1000 + *millisecond};
  return at.unix_ms < 0 ? std::nullopt : std::optional(at);
}

}  // namespace obleth::admin
