#include "observe/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/secret.hpp"
#include "observe/line_writer.hpp"
#include "observe/repeat_limiter.hpp"
#include "observe/request_log.hpp"

namespace obleth::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

static_assert(!std::is_constructible_v<LogField, std::string_view, Secret>, "a secret is no log field");

// A pipe whose read end is read to its end once the log has stopped.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_writer();
    ::close(ends_[0]);
  }

  [[nodiscard]] int writer() const { return ends_[1]; }
  [[nodiscard]] std::string read_all() {
    close_writer();
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t got = 0; (got = ::read(ends_[0], piece.data(), piece.size())) > 0;)
      text.append(piece.data(), static_cast<std::size_t>(got));
    return text;
  }

 private:
  void close_writer() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

// What write logs at that level.
template <class Write>
std::string logged(LogLevel level, LogFormat format, Write write) {
  Pipe pipe;
  start_log({.level = level, .format = format, .descriptor = pipe.writer()});
  write();
  stop_log();
  return pipe.read_all();
}

std::string json_of(const LogLine& line) {
  std::string out;
  append_json_line(out, line);
  return out;
}

TEST(LogLine, JsonHasTimeLevelMessageAndFields) {
  const std::vector<LogField> fields = {{"text", "a\"b\n"}, {"number", -5}, {"yes", true}, {"size", std::size_t{7}}};
  EXPECT_EQ(json_of({{1'769'860'800'123}, LogLevel::warn, "store is down", fields}),
            R"({"ts":"2026-01-31T12:00:00.123Z","level":"warn","msg":"store is down","text":"a\"b\n","number":-5,)"
            R"("yes":true,"size":7})");
}

TEST(LogLine, TextIsForPeopleAndOneLine) {
  const std::vector<LogField> fields = {{"word", "a"}, {"words", "a b"}, {"empty", ""}, {"lines", "a\nb"}, {"n", 5}};
  std::string out;
  append_text_line(out, {{3'723'004}, LogLevel::info, "hello", fields});
  EXPECT_EQ(out, R"(01:02:03.004 info  hello word=a words="a b" empty="" lines=a\nb n=5)");
}

TEST(LogLine, TextHoldsNothingThatATerminalWouldObey) {
  const std::vector<LogField> fields = {{"path", "/\x1B[2J\u009B2J\u202Etxt"}};
  std::string out;
  append_text_line(out, {{3'723'004}, LogLevel::info, "hello\x7F", fields});
  EXPECT_EQ(out, "01:02:03.004 info  hello\\u007f path=/\\u001b[2J\\u009b2J\\u202etxt");
}

TEST(Log, LinesComeInOrderAndCompleteWhenTheLogStops) {
  constexpr int lines = 500;  // fewer bytes than a pipe holds
  const std::string text = logged(LogLevel::info, LogFormat::json, [] {
    for (int at = 0; at < lines; ++at)
      log(LogLevel::info, "line", {{"at", at}});
  });
  std::size_t from = 0;
  for (int at = 0; at < lines; ++at) {
    const std::size_t found = text.find("\"at\":" + std::to_string(at) + "}\n", from);
    ASSERT_NE(found, std::string::npos) << at;
    from = found;
  }
}

TEST(Log, TheLevelIsKeptAndCanChangeWhileRunning) {
  const std::string text = logged(LogLevel::warn, LogFormat::json, [] {
    log(LogLevel::info, "too low");
    log(LogLevel::warn, "high enough");
    log(LogLevel::debug, "far too low");
    set_log_level(LogLevel::debug);
    log(LogLevel::debug, "now, too");
  });
  EXPECT_THAT(text, Not(HasSubstr("too low")));
  EXPECT_THAT(text, HasSubstr("high enough"));
  EXPECT_THAT(text, HasSubstr("now, too"));
}

TEST(Log, AutomaticFormatIsJsonWhereNobodyWatches) {
  const std::string text = logged(LogLevel::info, LogFormat::automatic, [] { log(LogLevel::info, "a"); });
  EXPECT_TRUE(text.starts_with("{\"ts\":")) << text;
}

TEST(Log, RepeatsAreKeptBackPerSubject) {
  const std::string text = logged(LogLevel::info, LogFormat::json, [] {
    for (int at = 0; at < 5; ++at) {
      log_once_per(std::chrono::hours(1), LogLevel::warn, "store is down", "sqlite");
      log_once_per(std::chrono::hours(1), LogLevel::warn, "store is down", "redis");
    }
  });
  EXPECT_EQ(std::ranges::count(text, '\n'), 2);
  EXPECT_THAT(text, HasSubstr("\"subject\":\"sqlite\""));
  EXPECT_THAT(text, HasSubstr("\"subject\":\"redis\""));
}

TEST(RequestLog, HasNamesCountsAndTimesButNoFreeTextOfTheClient) {
  UsageRecord record;
  record.event_id = EventId{Bits128{1, 2}};
  record.client_request_id = "sk_planted_secret";
  record.user_agent_family = "planted-agent";
  record.session_id = "planted-session";
  record.tenant = "acme";
  record.model = "llama";
  record.status = 200;
  record.tokens = {{10}, {0}, {20}, {0}};
  record.cost = {1'500'000'000};
  record.ttft_ms = 12;
  const std::string text = logged(LogLevel::info, LogFormat::json, [&] { log_request(record); });
  EXPECT_THAT(text, HasSubstr("\"id\":\"00000000000000010000000000000002\",\"tenant\":\"acme\",\"model\":\"llama\""));
  EXPECT_THAT(text, HasSubstr("\"status\":200"));
  EXPECT_THAT(text, HasSubstr("\"input_tokens\":10"));
  EXPECT_THAT(text, HasSubstr("\"output_tokens\":20"));
  EXPECT_THAT(text, HasSubstr("\"cost\":\"1.50\""));
  EXPECT_THAT(text, HasSubstr("\"ttft_ms\":12"));
  EXPECT_THAT(text, Not(HasSubstr("planted")));
  EXPECT_EQ(logged(LogLevel::warn, LogFormat::json, [&] { log_request(record); }), "");
}

TEST(LineWriter, AReaderThatStandsStillCostsLinesAndNoTime) {
  Pipe pipe;
  constexpr std::size_t bytes_max = 32 * 1024;
  constexpr std::uint64_t lines = 2000;
  LineWriter writer(pipe.writer(), bytes_max);
  const std::string line(999, 'x');
  for (std::uint64_t at = 0; at < lines; ++at)
    writer.append(line, false);
  EXPECT_GT(writer.dropped(), 0U) << "a pipe and the buffer hold less than 2 MB";
  writer.finish();
  const std::string text = pipe.read_all();
  EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(text, '\n')), lines - writer.dropped());
}

TEST(LineWriter, AReaderThatComesBackMeetsWholeLines) {
  constexpr int page_bytes = 4096;  // as few as a pipe may hold
  // Three lines fit in the pipe but for their end; one does not.
  for (const std::size_t length : {std::size_t{1500}, std::size_t{6000}}) {
    Pipe pipe;
    ASSERT_GE(::fcntl(pipe.writer(), F_SETPIPE_SZ, page_bytes), 0);
    const std::string line(length, 'x');
    std::uint64_t appended = 0;
    LineWriter writer(pipe.writer(), 1U << 20);
    for (; appended < 4; ++appended)
      writer.append(line, false);
    while (writer.dropped() == 0)
      std::this_thread::yield();
    ASSERT_GE(::fcntl(pipe.writer(), F_SETPIPE_SZ, 16 * page_bytes), 0);  // there is room again
    for (; appended < 6; ++appended)
      writer.append(line, true);
    writer.finish();
    const std::string text = pipe.read_all();
    std::string whole;
    for (std::uint64_t at = writer.dropped(); at < appended; ++at)
      whole += line + "\n";
    EXPECT_EQ(text, whole) << "lines of " << length << ", " << writer.dropped() << " dropped";
  }
}

TEST(LineWriter, WhatCannotBeWrittenIsCounted) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  LineWriter writer(full, 1024);
  writer.append("lost", true);
  writer.append("lost, too", false);
  writer.finish();
  EXPECT_EQ(writer.dropped(), 2U);
  ::close(full);
}

TEST(RepeatLimiter, OnePassesPerPeriodAndTellsWhatWasKeptBack) {
  RepeatLimiter limiter;
  const Instant start(std::chrono::seconds(100));
  const Duration period = std::chrono::seconds(10);
  EXPECT_EQ(limiter.admit("a", period, start), 0U);
  EXPECT_EQ(limiter.admit("a", period, start + std::chrono::seconds(1)), std::nullopt);
  EXPECT_EQ(limiter.admit("a", period, start + std::chrono::seconds(9)), std::nullopt);
  EXPECT_EQ(limiter.admit("b", period, start + std::chrono::seconds(9)), 0U);
  EXPECT_EQ(limiter.admit("a", period, start + std::chrono::seconds(10)), 2U);
  EXPECT_EQ(limiter.admit("a", period, start + std::chrono::seconds(20)), 0U);
}

TEST(RepeatLimiter, SubjectsBeyondTheBoundForgetTheOldest) {
  RepeatLimiter limiter;
  const Duration period = std::chrono::hours(1);
  const auto at = [](std::size_t second) { return Instant(std::chrono::seconds(second)); };
  for (std::size_t subject = 0; subject < RepeatLimiter::subjects_max; ++subject)
    EXPECT_EQ(limiter.admit(std::to_string(subject), period, at(subject)), 0U);
  EXPECT_EQ(limiter.admit("one more", period, at(2000)), 0U);
  EXPECT_EQ(limiter.admit("1", period, at(2001)), 0U) << "forgotten";
  EXPECT_EQ(limiter.admit("1000", period, at(2002)), std::nullopt) << "remembered";
}

}  // namespace
}  // namespace obleth::observe
