#include "observe/log_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>

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

void append_clock(std::string& out, const TimeOfDay& time) {
  fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}.{:03}", time.hours, time.minutes, time.seconds, time.ms);
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
    fmt::format_to(std::back_inserter(out), "{}", *number);
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
  constexpr std::array<std::string_view, 5> texts = {"trace", "debug", "info", "warn", "error"};
  return texts[static_cast<std::size_t>(level)];
}

void append_json_line(std::string& out, const LogLine& line) {
  const TimeOfDay time = split(line.at);
  fmt::format_to(std::back_inserter(out), "{{\"ts\":\"{:04}-{:02}-{:02}T", static_cast<int>(time.date.year()),
                 static_cast<unsigned>(time.date.month()), static_cast<unsigned>(time.date.day()));
  append_clock(out, time);
  out.append("Z\",\"level\":\"").append(to_text(line.level)).append("\",\"msg\":");
  append_quoted(out, line.message);
  for (const LogField& field : line.fields) {
    out.push_back(',');
    append_quoted(out, field.name());
    out.push_back(':');
    append_value(out, field.value(), true);
  }
  out.push_back('}');
}

void append_text_line(std::string& out, const LogLine& line) {
  append_clock(out, split(line.at));
  fmt::format_to(std::back_inserter(out), " {:<5} ", to_text(line.level));
  append_json_string(out, line.message);
  for (const LogField& field : line.fields) {
    out.append(" ").append(field.name()).append("=");
    append_value(out, field.value(), !is_word(field.value()));
  }
}

}  // namespace obleth::observe
