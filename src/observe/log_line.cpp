#include "observe/log_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/json_string.hpp"

namespace obleth::observe {
namespace {

struct TimeOfDay {
  std::chrono::year_month_day date;
  std::int64_t hours = 0;
  std::int64_t minutes = 0;
  std::int64_t seconds = 0;
  std::int64_t ms = 0;
};

TimeOfDay split(WallTime at) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(at.unix_ms)};
  const auto day = floor<days>(time);
  const std::int64_t ms = (time - day).count();
  return {year_month_day(day), ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000};
}

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 20> digits{};
  const auto written = std::to_chars(digits.begin(), digits.end(), number);
  out.append(digits.begin(), written.ptr);
}

// With leading zeros.
void append_padded(std::string& out, std::int64_t number, int width) {
  std::int64_t unit = 1;
  for (int digit = 1; digit < width; ++digit)
    unit *= 10;
  for (; unit > 0; unit /= 10)
    out.push_back(static_cast<char>('0' + number / unit % 10));
}

void append_clock(std::string& out, const TimeOfDay& time) {
  append_padded(out, time.hours, 2);
  out.push_back(':');
  append_padded(out, time.minutes, 2);
  out.push_back(':');
  append_padded(out, time.seconds, 2);
  out.push_back('.');
  append_padded(out, time.ms, 3);
}

void append_date(std::string& out, std::chrono::year_month_day date) {
  append_padded(out, static_cast<int>(date.year()), 4);
  out.push_back('-');
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out.push_back('-');
  append_padded(out, static_cast<unsigned>(date.day()), 2);
}

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  append_json_string(out, text);
  out.push_back('"');
}

void append_value(std::string& out, const LogField::Value& value, bool quote_text) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    if (quote_text) {
      append_quoted(out, *text);
    } else {
      append_json_string(out, *text);
    }
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    append_number(out, *number);
  } else {
    out.append(std::get<bool>(value) ? "true" : "false");
  }
}

// A word that reads the same without quotes.
bool is_word(const LogField::Value& value) {
  const auto* text = std::get_if<std::string_view>(&value);
  return text != nullptr && !text->empty() && std::ranges::none_of(*text, [](char c) { return c == ' ' || c == '"'; });
}

}  // namespace

std::string_view to_text(LogLevel level) {
  constexpr std::array<std::string_view, 4> texts = {"debug", "info", "warn", "error"};
  return texts[static_cast<std::size_t>(level)];
}

void append_json_line(std::string& out, const LogLine& line) {
  const TimeOfDay time = split(line.at);
  out.append("{\"ts\":\"");
  append_date(out, time.date);
  out.push_back('T');
  append_clock(out, time);
  out.append("Z\",\"level\":\"").append(to_text(line.level)).append("\",\"msg\":");
  append_quoted(out, line.message);
  for (const LogField& field : line.fields) {
    // Names are words of the code: nothing in them needs an escape.
    out.append(",\"").append(field.name()).append("\":");
    append_value(out, field.value(), true);
  }
  out.push_back('}');
}

void append_text_line(std::string& out, const LogLine& line) {
  append_clock(out, split(line.at));
  const std::string_view level = to_text(line.level);
  constexpr std::size_t level_width = 6;
  out.append(" ").append(level).append(level_width - level.size(), ' ');
  append_json_string(out, line.message);
  for (const LogField& field : line.fields) {
    out.append(" ").append(field.name()).append("=");
    append_value(out, field.value(), !is_word(field.value()));
  }
}

}  // namespace obleth::observe
