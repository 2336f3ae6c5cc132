// Everything in which the API's dialects differ, one row each. Who needs to know asks the row, never which dialect it
// is.
//
// Sources: OpenAI's and Anthropic's API references; for rerank what vLLM, Jina and Cohere answer. Pure, constant.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "wire/error_body.hpp"
#include "wire/json_text.hpp"
#include "wire/name_table.hpp"

namespace obleth::wire {

enum class Dialect : std::uint8_t {
  chat,
  completions,
  embeddings,
  any,  // what passes through: only "model" and "stream" are read of a request, and usage wherever it may stand
  responses,
  messages,
  count_tokens,
  rerank,
  audio,
  images,
};
inline constexpr std::size_t dialect_count = 10;

// How a member of a request is read.
enum class Reading : std::uint8_t {
  model,
  model_or_null,
  stream,
  stream_options,
  cap,
  cap_or_none,   // 0 asks for no output: only the prompt is scored
  least_output,  // min_tokens
  choices,       // n, best_of
  priority,
  chat_messages,
  chat_messages_or_null,
  prompts,  // texts, token ids, lists of them
  blocks,   // a text, or a list of texts, messages and content blocks
  query,    // a text that is read once with every document
  documents,
  tools,
  tool_choice,    // or function_call, as it was called before
  format,         // {"type":"json_schema",…}
  format_holder,  // {"format":{…}}
  shape,          // whatever the answer has to have the shape of
  thinking,       // {"budget_tokens":…}
};

// A member of the request that obleth reads. Everything else passes untouched.
struct FieldRule {
  std::string_view name;
  Reading reading;
};

class FieldRules {
 public:
  static constexpr std::size_t count_max = 16;

  template <std::size_t count>
  // NOLINTNEXTLINE(google-explicit-constructor): a dialect names its rules
  consteval FieldRules(const FieldRule (&rules)[count]) : rules_(rules), names_(names_of(rules)) {
    static_assert(count <= count_max);
  }
  // The rule's number; count_max: there is none for this member.
  [[nodiscard]] std::size_t find(const JsonString& key) const { return names_.find(key); }
  // The rule's number for a member that find() did not find, at an upstream that takes no notice of case; count_max.
  [[nodiscard]] std::size_t find_folded(const JsonString& key) const {
    if (!key.may_fold()) return count_max;
    const auto rule = std::ranges::find_if(rules_, [&](const FieldRule& one) { return key.folds_to(one.name); });
    return rule == rules_.end() ? count_max : static_cast<std::size_t>(rule - rules_.begin());
  }
  [[nodiscard]] const FieldRule& operator[](std::size_t number) const { return rules_[number]; }
  [[nodiscard]] bool has(Reading reading) const {
    return std::ranges::find(rules_, reading, &FieldRule::reading) != rules_.end();
  }

 private:
  static consteval std::array<std::string_view, count_max> names_of(std::span<const FieldRule> rules) {
    std::array<std::string_view, count_max> names{};
    for (std::size_t at = 0; at < rules.size(); ++at)
      names[at] = rules[at].name;
    return names;
  }

  std::span<const FieldRule> rules_;
  NameTable<count_max> names_;
};

enum class OutputKind : std::uint8_t {
  capped,  // tokens, up to the request's cap or the model's default
  fixed,   // pictures, sounds: a fixed count of tokens for each of n
  none,
};

// What an answer without usage is billed.
enum class Unreported : std::uint8_t { counted, by_slot_time };

// Where usage stands in an answer: inner, at the top level or inside of outer.
struct UsagePlace {
  std::string_view outer;      // empty: the top level
  std::string_view inner;      // empty: no place
  bool is_input_only = false;  // a number, or an object whose output is not that of the whole answer
};

struct DialectRules {
  FieldRules fields;
  OutputKind output = OutputKind::none;
  std::string_view cap_name;            // the member that a brownout adds where no cap stands
  bool asks_for_usage = false;          // a stream tells its usage only when stream_options asks for it
  bool takes_forms = false;             // multipart/form-data as well as JSON
  bool model_is_optional = false;       // a request without one is as for one that is not registered
  bool needs_registered_model = false;  // an unknown one is 404, not the default upstream's business
  std::array<UsagePlace, 3> usage;
  std::span<const std::string_view> stream_ends;  // the type of the event after which nothing is missing, or its text
  ErrorDialect errors = ErrorDialect::openai;
  Unreported unreported = Unreported::counted;
};

[[nodiscard]] const DialectRules& rules_of(Dialect dialect);

// A route of the API whose dialect is told by the whole of its path.
struct DialectPath {
  std::string_view path;
  Dialect dialect;
};
// path: normalised. Null: no such route.
[[nodiscard]] const DialectPath* find_dialect_path(std::string_view path);
// In whose shape the errors of a path are told.
[[nodiscard]] ErrorDialect errors_at(std::string_view path);

}  // namespace obleth::wire
