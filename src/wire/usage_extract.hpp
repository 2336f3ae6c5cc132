// Finds the usage object of an answer, in each dialect's own shape, at the top level only. Pure.
//
// chat/completions: prompt_tokens, completion_tokens, prompt_tokens_details.cached_tokens,
// completion_tokens_details.reasoning_tokens. responses and messages: input_tokens, output_tokens,
// input_tokens_details.cached_tokens; Anthropic's input_tokens excludes cached ones and is normalised.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/tokens.hpp"

namespace obleth::wire {

inline constexpr std::int64_t usage_tokens_max = 1'000'000'000;  // larger figures are clamped and counted

struct ExtractedUsage {
  TokenUsage usage;
  bool clamped = false;  // a figure was negative, fractional or huge
};

// A whole JSON document (one event's data, or a small body).
[[nodiscard]] std::optional<ExtractedUsage> usage_of_document(std::string_view json);

// A body that passes in pieces and is not kept: an incremental tokenizer that remembers only the top-level "usage"
// value (at most 16 KiB).
class UsageTokenizer {
 public:
  void feed(std::string_view bytes);
  [[nodiscard]] std::optional<ExtractedUsage> finish() const;
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  // Each takes some bytes and answers how many.
  std::size_t feed_string(std::string_view bytes);
  std::size_t feed_value(std::string_view bytes);
  void feed_structure(char byte);
  void begin_value();
  void capture(std::string_view bytes);

  enum class Phase : std::uint8_t { before_object, in_object, key, after_key, value, done, broken };
  Phase phase_ = Phase::before_object;
  std::uint64_t depth_ = 0;  // inside a member's value
  bool in_string_ = false;
  bool escaped_ = false;
  bool capturing_ = false;
  std::int64_t bytes_ = 0;
  std::string key_;
  std::string captured_;
};

}  // namespace obleth::wire
