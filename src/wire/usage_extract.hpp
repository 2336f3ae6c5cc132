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

// A count of tokens that was told, or that none was: four bytes, for every live stream keeps some.
class ToldTokens {
 public:
  constexpr ToldTokens() = default;
  // At most usage_tokens_max.
  explicit constexpr ToldTokens(std::int64_t tokens) : tokens_(static_cast<std::int32_t>(tokens)) {}
  explicit constexpr operator bool() const { return tokens_ >= 0; }
  [[nodiscard]] constexpr std::int64_t value_or(std::int64_t untold) const { return *this ? tokens_ : untold; }

 private:
  std::int32_t tokens_ = -1;
};

// One usage object's members as they were written.
struct UsageFigures {
  ToldTokens prompt;
  ToldTokens output;
  ToldTokens total;
  ToldTokens cached;
  ToldTokens reasoning;
  ToldTokens cache_read;         // Anthropic's, which its input_tokens leaves out
  ToldTokens cache_written;      // likewise
  bool prompt_is_whole = false;  // called prompt_tokens: whatever was cached is in it
  bool clamped = false;          // a figure was negative, fractional or huge

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

// A body that passes in pieces and is not kept: an incremental tokenizer that remembers only the usage, at most 16 KiB
// of it, and that only where its pieces cut it.
class UsageTokenizer {
 public:
  explicit UsageTokenizer(const DialectRules& rules = rules_of(Dialect::any)) : rules_(&rules) {}

  void feed(std::string_view bytes);
  [[nodiscard]] const UsageFigures& figures() const { return figures_; }
  [[nodiscard]] std::optional<ExtractedUsage> finish() const { return normalised(figures_); }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  // Each takes some bytes and answers how many.
  std::size_t take(std::string_view bytes);
  std::size_t take_members(std::string_view bytes);
  std::size_t take_key(std::string_view bytes);
  std::size_t begin_value(std::string_view bytes);
  std::size_t take_value(std::string_view bytes);
  // Each answers where it stands then.
  const char* pass_nested(const char* at, const char* end);
  const char* pass_string(const char* at, const char* end);
  const char* resume_string(const char* begin, const char* end);
  void choose_place(const JsonString& key);
  void leave_object();
  void keep(std::string_view bytes);
  void take_kept(std::string_view last_bytes);

  enum class Phase : std::uint8_t { before_object, in_object, key, after_key, before_value, value, done, broken };
  const DialectRules* rules_;
  std::int64_t bytes_ = 0;
  std::uint64_t depth_ = 0;            // inside a member's value
  const UsagePlace* outer_ = nullptr;  // whose outer object is walked over; none: the top level
  const UsagePlace* place_ = nullptr;  // of the value, where usage may stand in it or be it
  UsageFigures figures_;
  Phase phase_ = Phase::before_object;
  bool in_string_ = false;
  bool escaped_ = false;
  bool keeping_ = false;  // the value, which is usage
  std::string kept_;      // of a key or of a value that the pieces cut
};

}  // namespace obleth::wire
