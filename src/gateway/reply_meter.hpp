// Counts what an answer is worth while its bytes pass, and takes the usage-only event out of a stream where obleth
// asked for it. Connection's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "domain/tokens.hpp"
#include "gateway/request_states.hpp"
#include "wire/sse_scanner.hpp"
#include "wire/usage_extract.hpp"

namespace obleth::gateway {

// What the upstream told of its usage.
struct ToldUsage {
  std::optional<TokenUsage> usage;
  bool output_told = true;  // false: only the input was told, by a stream that broke off
  bool clamped = false;     // a figure could not be, and was brought to one that can
};

class ReplyMeter {
 public:
  ReplyMeter(const AnswerHead& head, const wire::DialectRules& rules, bool usage_injected);

  // Appends the pieces that go on to the client; views as wire/sse_scanner says.
  void pass(std::string_view bytes, std::vector<std::string_view>& onward);
  // What was held back.
  void finish(std::vector<std::string_view>& onward);

  [[nodiscard]] ToldUsage told() const;
  [[nodiscard]] CountedOutput counted() const;
  // A cut stream can be told so in one more event.
  [[nodiscard]] bool can_tell_in_stream() const { return std::holds_alternative<wire::SseScanner>(reader_); }
  [[nodiscard]] wire::BrokenStream broken_at() const;
  // Nothing of the stream is missing.
  [[nodiscard]] bool done_seen() const {
    const auto* const scanner = std::get_if<wire::SseScanner>(&reader_);
    return scanner != nullptr && scanner->done_seen();
  }

 private:
  // Of a stream of events, of one JSON document, or of what is not looked into.
  std::variant<std::monostate, wire::SseScanner, wire::UsageTokenizer> reader_;
  wire::Unreported unreported_;
  std::int64_t bytes_ = 0;
};

}  // namespace obleth::gateway
