// The log: structured lines on stderr, JSON for machines, text on a terminal. Never a secret, a prompt or an answer.
//
// Any thread; logging never waits. Before start_log and after stop_log lines are written at once, so that what goes
// wrong at start is seen. start_log and stop_log are called while no other thread logs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/instant.hpp"
#include "observe/log_line.hpp"

namespace obleth::observe {

enum class LogFormat : std::uint8_t { automatic, json, text };  // automatic: text where the descriptor is a terminal

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::automatic;
  int descriptor = 2;
  std::size_t waiting_bytes_max = 4 * 1024 * 1024;  // of lines that are not written yet; more are dropped and counted
};

void start_log(const LogOptions& options);
void stop_log();

// At any time, from any thread.
void set_log_level(LogLevel level);
[[nodiscard]] bool is_logged(LogLevel level);
[[nodiscard]] std::uint64_t dropped_log_lines();

// message: a fixed phrase; what varies is in the fields.
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
// Of something whose time is known: the clock is not asked again.
void log_at(WallTime at, LogLevel level, std::string_view message, std::initializer_list<LogField> fields);
// Once per period and per message with subject (a store's name, an address); the line says how many were kept back.
void log_once_per(Duration period, LogLevel level, std::string_view message, std::string_view subject,
                  std::initializer_list<LogField> fields = {});

}  // namespace obleth::observe
