// Finds the usage of an answer, in each dialect's own shape, where the dialect's row says that it may stand. Pure.
//
// chat/completions: prompt_tokens, completion_tokens, prompt_tokens_details.cached_tokens,
// completion_tokens_details.reasoning_tokens. responses and messages: input_tokens, output_tokens,
// input_tokens_details.cached_tokens; Anthropic's input_tokens excludes cached ones and is normalised. rerank:
// total_tokens alone. Figures that come in several parts (Anthropic's streams) are taken together, the last of each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/tokens.hpp"
#include "wire/dialects.hpp"
#include "wire/json_text.hpp"

namespace obleth::wire {

inline constexpr std::int64_t usage_tokens_max = 1'000'000'000;  // larger figures are clamped and counted

// One usage object's members as they were written.
struct UsageFigures {
  std::optional<std::int64_t> prompt;
  std::optional<std::int64_t> output;
  std::optional<std::int64_t> total;
  std::optional<std::int64_t> cached;
  std::optional<std::int64_t> reasoning;
  std::optional<std::int64_t> cache_read;     // Anthropic's, which its input_tokens leaves out
  std::optional<std::int64_t> cache_written;  // likewise
  bool prompt_is_whole = false;               // called prompt_tokens: whatever was cached is in it
  bool clamped = false;                       // a figure was negative, fractional or huge

  [[nodiscard]] bool tells() const { return prompt || output || total; }
  // What came later stands; what it leaves out stays.
  void take(const UsageFigures& later);
};

struct ExtractedUsage {
  TokenUsage usage;
  bool clamped = false;
};
[[nodiscard]] std::optional<ExtractedUsage> normalised(const UsageFigures& figures);

// A whole JSON document (one event's data, or a small body).
[[nodiscard]] std::optional<ExtractedUsage> usage_of_document(std::string_view json,
                                                              const DialectRules& rules = rules_of(Dialect::any));

// A body that passes in pieces and is not kept: an incremental tokenizer that remembers only the usage (at most 16
// KiB).
class UsageTokenizer {
 public:
  explicit UsageTokenizer(const DialectRules& rules = rules_of(Dialect::any)) : rules_(&rules) {}

  void feed(std::string_view bytes);
  [[nodiscard]] UsageFigures figures() const;
  [[nodiscard]] std::optional<ExtractedUsage> finish() const { return normalised(figures()); }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  // Each takes some bytes and answers how many.
  std::size_t feed_string(std::string_view bytes);
  std::size_t feed_value(std::string_view bytes);
  std::size_t feed_key(std::string_view bytes);
  std::size_t pass_string(std::string_view bytes);
  void feed_structure(char byte);
  void begin_value(const std::optional<JsonString>& key);
  void end_value(std::string_view rest);
  void take_captured(std::string_view value, UsageFigures& figures) const;
  void leave_object();
  void capture(std::string_view bytes);

  enum class Phase : std::uint8_t { before_object, in_object, key, after_key, value, done, broken };
  const DialectRules* rules_;
  Phase phase_ = Phase::before_object;
  std::uint64_t depth_ = 0;  // inside a member's value
  bool in_string_ = false;
  bool escaped_ = false;
  bool capturing_ = false;
  bool may_enter_ = false;  // the value that begins may hold the usage, if it is an object
  std::int64_t bytes_ = 0;
  std::string_view outer_;  // the member whose object is walked over; empty: the top level
  std::string_view next_outer_;
  const UsagePlace* captured_place_ = nullptr;
  std::string key_;
  std::string captured_;
  UsageFigures figures_;
};

}  // namespace obleth::wire
