#include "observe/log.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "observe/line_writer.hpp"
#include "observe/repeat_limiter.hpp"

namespace obleth::observe {
namespace {

struct Output {
  std::atomic<LogLevel> level = LogLevel::info;
  bool as_text = ::isatty(STDERR_FILENO) == 1;
  std::unique_ptr<LineWriter> writer;  // absent: write at once
  std::uint64_t dropped_before = 0;    // by writers that are gone
  RepeatLimiter repeats;
};

Output& output() {
  static Output the_output;
  return the_output;
}

WallTime wall_now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

Instant monotonic_now() {
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

void write_at_once(std::string& text) {
  text.push_back('\n');
  // What cannot be told to stderr cannot be told at all.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

void write_line(const LogLine& line) {
  thread_local std::string text;
  text.clear();
  Output& out = output();
  if (out.as_text) {
    append_text_line(text, line);
  } else {
    append_json_line(text, line);
  }
  if (out.writer) {
    out.writer->append(text, line.level >= LogLevel::warn);
  } else {
    write_at_once(text);
  }
}

}  // namespace

void start_log(const LogOptions& options) {
  stop_log();
  Output& out = output();
  out.level.store(options.level, std::memory_order_relaxed);
  out.as_text = options.format == LogFormat::text ||
                (options.format == LogFormat::automatic && ::isatty(options.descriptor) == 1);
  out.writer = std::make_unique<LineWriter>(options.descriptor, options.waiting_bytes_max);
}

void stop_log() {
  Output& out = output();
  if (!out.writer) return;
  out.writer->finish();
  out.dropped_before += out.writer->dropped();
  out.writer.reset();
}

void set_log_level(LogLevel level) {
  output().level.store(level, std::memory_order_relaxed);
}

bool is_logged(LogLevel level) {
  return level >= output().level.load(std::memory_order_relaxed);
}

std::uint64_t dropped_log_lines() {
  const Output& out = output();
  return out.dropped_before + (out.writer ? out.writer->dropped() : 0);
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (is_logged(level)) write_line({wall_now(), level, message, fields});
}

void log_at(WallTime at, LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (is_logged(level)) write_line({at, level, message, fields});
}

void log_once_per(Duration period, LogLevel level, std::string_view message, std::string_view subject,
                  std::initializer_list<LogField> fields) {
  if (!is_logged(level)) return;
  std::string about(message);
  about.append("\n").append(subject);
  const auto kept_back = output().repeats.admit(about, period, monotonic_now());
  if (!kept_back) return;
  std::vector<LogField> told(fields);
  if (!subject.empty()) told.emplace(told.begin(), "subject", subject);
  if (*kept_back > 0) told.emplace_back("kept_back", *kept_back);
  write_line({wall_now(), level, message, told});
}

}  // namespace obleth::observe
