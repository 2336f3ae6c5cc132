// Reads what obleth needs of a JSON request body, and patches it in place: the rest arrives byte for byte.
//
// Every top-level key is iterated unescaped and to the end of the document; duplicates of fields that obleth reads,
// wrong types and invalid UTF-8 in them are refused with the field's name. No tree is built. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "domain/text_measure.hpp"
#include "wire/dialects.hpp"

namespace obleth::wire {

inline constexpr std::size_t model_name_bytes_max = 256;

// Bytes of the body; begin = where the value starts.
struct Span {
  std::size_t begin = 0;
  std::size_t length = 0;
};

// One place where an output cap stands or may stand.
struct CapField {
  std::string_view name;  // "max_tokens", "max_completion_tokens", "max_output_tokens"
  Span value;
  std::optional<std::int64_t> tokens;  // absent: null
};

struct RequestFields {
  std::string model;  // unescaped
  Span model_value;   // with its quotes, where it has some
  bool has_model = false;
  bool is_form = false;  // not JSON: only its model is known
  bool stream = false;   // literally true
  std::vector<CapField> caps;
  std::optional<std::int64_t> min_tokens;
  Span min_tokens_value;
  std::int64_t n = 1;               // the larger of n and best_of
  std::string_view n_name = "n";    // which of them it is
  std::int64_t prompts = 1;         // k: prompts of a completions request, inputs of embeddings
  bool has_stream_options = false;  // present and not null
  Span stream_options_value;
  bool asks_usage = false;  // stream_options.include_usage is true
  std::optional<Span> include_usage_value;
  bool structured_output = false;       // response_format with a JSON schema (or json_object), vLLM's guided_…
  bool forced_tool_call = false;        // tool_choice "required", "any", or a named tool; a named function_call
  std::int64_t thinking_tokens = 0;     // thinking.budget_tokens: an output cap has to be larger
  std::optional<Span> priority_member;  // "priority": …, with what is needed to cut it out cleanly
  std::size_t object_open = 0;          // position of the top-level "{"
  std::size_t member_count = 0;         // of the top-level object
  TextMeasure text;
};

struct BodyFault {
  std::string message;
  std::string param;  // empty: the document itself
};

using BodyOutcome = std::variant<RequestFields, BodyFault>;

[[nodiscard]] BodyOutcome read_request_body(std::string_view body, Dialect dialect);

struct BodyPatch {
  std::optional<std::string> model;        // the upstream's name for it
  std::optional<std::int64_t> output_cap;  // lowers every cap present; added as cap_name when there is none
  std::string_view cap_name = "max_tokens";
  bool include_usage = false;   // acts only on a stream whose client does not ask already
  bool remove_priority = true;  // where it stands
};

// The body as it leaves: spans of the original and short new pieces, in order. Views into body and into *this.
class PatchedBody {
 public:
  PatchedBody(std::string_view body, const RequestFields& fields, const BodyPatch& patch);
  PatchedBody(const PatchedBody&) = delete;
  PatchedBody& operator=(const PatchedBody&) = delete;

  [[nodiscard]] const std::vector<std::string_view>& pieces() const { return pieces_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::string joined() const;

 private:
  std::string added_;  // every new piece, reserved once so that views stay
  std::vector<std::string_view> pieces_;
  std::size_t size_ = 0;
};

}  // namespace obleth::wire
