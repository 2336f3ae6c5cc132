// One line of the log: a message and its fields, as JSON or as text for a person. Pure.
//
// A Secret does not become a field: there is no way from one to the other. Prompts and answers are never given.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/instant.hpp"

namespace obleth::observe {

// In the order of the setting's choices.
enum class LogLevel : std::uint8_t { debug, info, warn, error };

class LogField {
 public:
  using Value = std::variant<std::string_view, std::int64_t, bool>;

  template <std::convertible_to<std::string_view> Text>
  LogField(std::string_view name, const Text& value) : name_(name), value_(std::string_view(value)) {}
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool> && !std::same_as<Integer, char>)
  LogField(std::string_view name, Integer value) : name_(name), value_(static_cast<std::int64_t>(value)) {}
  LogField(std::string_view name, bool value) : name_(name), value_(value) {}

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  std::string_view name_;  // lives as long as the call that logs it
  Value value_;
};

struct LogLine {
  WallTime at;
  LogLevel level = LogLevel::info;
  std::string_view message;
  std::span<const LogField> fields;
};

[[nodiscard]] std::string_view to_text(LogLevel level);

// {"ts":"2026-01-31T12:00:00.123Z","level":"info","msg":"…","tenant":"…"}; no newline.
void append_json_line(std::string& out, const LogLine& line);
// 12:00:00.123 info  message tenant=… status=200; control characters are escaped.
void append_text_line(std::string& out, const LogLine& line);

}  // namespace obleth::observe
