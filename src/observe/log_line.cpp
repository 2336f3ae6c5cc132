#include "observe/log_line.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/json_string.hpp"
#include "base/terminal_text.hpp"
#include "base/text_pen.hpp"

namespace obleth::observe {
namespace {

struct TimeOfDay {
  std::chrono::year_month_day date;
  std::uint32_t hours = 0;
  std::uint32_t minutes = 0;
  std::uint32_t seconds = 0;
  std::uint32_t ms = 0;
};

TimeOfDay split(WallTime at) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(at.unix_ms)};
  const auto day = floor<days>(time);
  const auto ms = static_cast<std::uint32_t>((time - day).count());
  return {year_month_day(day), ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000};
}

constexpr std::size_t frame_bytes_max = 64;  // date, level and what stands between
constexpr std::size_t marks_of_a_field = 6;  // ,"": and the quotes of a text

// As long as a line can become.
std::size_t bytes_max(const LogLine& line) {
  std::size_t bytes = frame_bytes_max + line.message.size() * json_bytes_of_a_byte;
  for (const LogField& field : line.fields) {
    const auto* text = std::get_if<std::string_view>(&field.value());
    bytes += field.name().size() + marks_of_a_field;
    bytes += text == nullptr ? TextPen::number_bytes_max : text->size() * json_bytes_of_a_byte;
  }
  return bytes;
}

class Pen : public TextPen {
 public:
  using TextPen::TextPen;
  void escaped(std::string_view text) { move_to(write_json_string(at(), text)); }
  void quoted(std::string_view text) {
    character('"');
    escaped(text);
    character('"');
  }
  void date(std::chrono::year_month_day date) {
    const auto year = static_cast<std::uint32_t>(static_cast<int>(date.year()));
    two_digits(year / 100 % 100);
    two_digits(year % 100);
    character('-');
    two_digits(static_cast<unsigned>(date.month()));
    character('-');
    two_digits(static_cast<unsigned>(date.day()));
  }
  void clock(const TimeOfDay& time) {
    two_digits(time.hours);
    character(':');
    two_digits(time.minutes);
    character(':');
    two_digits(time.seconds);
    character('.');
    character(static_cast<char>('0' + time.ms / 100));
    two_digits(time.ms % 100);
  }
  void value(const LogField::Value& value, bool quote_text) {
    if (const auto* text = std::get_if<std::string_view>(&value)) {
      quote_text ? quoted(*text) : escaped(*text);
    } else if (const auto* a_number = std::get_if<std::int64_t>(&value)) {
      number(*a_number);
    } else {
      plain(std::get<bool>(value) ? "true" : "false");
    }
  }
};

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
  append_with_pen<Pen>(out, bytes_max(line), [&line](Pen& pen) {
    const TimeOfDay time = split(line.at);
    pen.plain("{\"ts\":\"");
    pen.date(time.date);
    pen.character('T');
    pen.clock(time);
    pen.plain("Z\",\"level\":\"");
    pen.plain(to_text(line.level));
    pen.plain("\",\"msg\":");
    pen.quoted(line.message);
    for (const LogField& field : line.fields) {
      // Names are words of the code: nothing in them needs an escape.
      pen.plain(",\"");
      pen.plain(field.name());
      pen.plain("\":");
      pen.value(field.value(), true);
    }
    pen.character('}');
  });
}

void append_text_line(std::string& out, const LogLine& line) {
  std::string written;
  append_with_pen<Pen>(written, bytes_max(line), [&line](Pen& pen) {
    constexpr std::string_view after_level = "      ";
    const std::string_view level = to_text(line.level);
    pen.clock(split(line.at));
    pen.character(' ');
    pen.plain(level);
    pen.plain(after_level.substr(level.size()));
    pen.escaped(line.message);
    for (const LogField& field : line.fields) {
      pen.character(' ');
      pen.plain(field.name());
      pen.character('=');
      pen.value(field.value(), !is_word(field.value()));
    }
  });
  append_terminal_text(out, written);
}

}  // namespace obleth::observe
