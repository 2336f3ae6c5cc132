#include "wire/request_body.hpp"

#include <charconv>
#include <limits>
#include <utility>

#include "wire/body_reader.hpp"

namespace obleth::wire {
namespace {

constexpr unsigned chat = 1U << static_cast<unsigned>(BodyDialect::chat);
constexpr unsigned completions = 1U << static_cast<unsigned>(BodyDialect::completions);
constexpr unsigned embeddings = 1U << static_cast<unsigned>(BodyDialect::embeddings);
constexpr unsigned generation = chat | completions;
constexpr unsigned priced = generation | embeddings;
constexpr unsigned every_dialect = priced | 1U << static_cast<unsigned>(BodyDialect::any);

}  // namespace

struct BodyReader::FieldRule {
  std::string_view name;
  Field field;
  unsigned dialects;
};

// A cap is read only where the upstream obeys it: one that it ignores would understate what the request may cost.
const BodyReader::FieldRule* BodyReader::find_rule(const JsonString& key, BodyDialect dialect) {
  static constexpr FieldRule rules[] = {
      {"model", Field::model, every_dialect},
      {"stream", Field::stream, every_dialect},
      {"messages", Field::messages, chat | embeddings},
      {"prompt", Field::prompt, completions},
      {"input", Field::input, embeddings},
      {"max_tokens", Field::max_tokens, generation},
      {"max_completion_tokens", Field::max_completion_tokens, chat},
      {"min_tokens", Field::min_tokens, generation},
      {"n", Field::n, generation},
      {"best_of", Field::best_of, generation},
      {"stream_options", Field::stream_options, generation},
      {"tools", Field::tools, chat},
      {"functions", Field::functions, chat},
      {"tool_choice", Field::tool_choice, chat},
      {"response_format", Field::response_format, generation},
      {"priority", Field::priority, priced},
  };
  const unsigned asked = 1U << static_cast<unsigned>(dialect);
  for (const FieldRule& rule : rules) {
    if ((rule.dialects & asked) != 0 && key.equals(rule.name)) return &rule;
  }
  return nullptr;
}

BodyOutcome read_request_body(std::string_view body, BodyDialect dialect) {
  return BodyReader(body, dialect).read();
}

BodyOutcome BodyReader::read() {
  if (cursor_.peek() != '{') return BodyFault{"The request body must be a JSON object.", {}};
  fields_.object_open = cursor_.position();
  std::size_t member_begin = 0;  // the comma before a member, or the member itself where it is the first
  const bool whole = cursor_.take_object([&](const JsonString& key) {
    const bool read = read_member(key, member_begin);
    cursor_.peek();
    member_begin = cursor_.position();
    return read;
  });
  if (fault_) return *std::move(fault_);
  if (!whole || !cursor_.at_end()) return document_fault();
  fields_.object_empty = fields_.member_count == 0;
  return std::move(fields_);
}

bool BodyReader::read_member(const JsonString& key, std::size_t member_begin) {
  ++fields_.member_count;
  const FieldRule* const rule = find_rule(key, dialect_);
  if (rule == nullptr) return cursor_.skip_value();
  const std::uint32_t bit = 1U << static_cast<unsigned>(rule->field);
  if ((seen_ & bit) != 0) return refuse("appears more than once", rule->name);
  seen_ |= bit;
  if (rule->field != Field::priority) return read_field(*rule);
  return read_priority(fields_.member_count == 1 ? cursor_.position_of(key.raw) - 1 : member_begin);
}

bool BodyReader::read_field(const FieldRule& rule) {
  switch (rule.field) {
    case Field::model:
      return read_model();
    case Field::stream:
      return read_stream();
    case Field::stream_options:
      return read_stream_options();
    case Field::max_tokens:
    case Field::max_completion_tokens:
      return read_cap(rule);
    case Field::min_tokens:
      return read_integer(rule.name, 0, fields_.min_tokens, fields_.min_tokens_value);
    case Field::n:
    case Field::best_of:
      return read_choices(rule.name);
    case Field::messages:
      return read_messages();
    case Field::prompt:
    case Field::input:
      return read_prompts(rule.name);
    case Field::tools:
    case Field::functions:
      return read_tools(rule.name);
    case Field::tool_choice:
      return read_tool_choice();
    case Field::response_format:
      return read_response_format();
    case Field::priority:
      break;
  }
  return false;
}

bool BodyReader::read_model() {
  if (cursor_.peek() != '"') return refuse("must be a string", "model");
  const std::size_t begin = cursor_.position();
  const std::optional<JsonString> text = cursor_.take_string();
  if (!text) return false;
  if (!text->unescape(fields_.model)) return refuse("is not valid UTF-8", "model");
  if (fields_.model.empty() || fields_.model.size() > model_name_bytes_max) {
    return refuse("must be a string of 1 to 256 bytes", "model");
  }
  fields_.model_value = {begin, cursor_.position() - begin};
  fields_.has_model = true;
  return true;
}

bool BodyReader::read_stream() {
  fields_.stream = cursor_.peek() == 't' && cursor_.take_literal("true");
  if (fields_.stream || cursor_.take_null()) return true;
  return cursor_.take_literal("false") || refuse("must be true or false", "stream");
}

bool BodyReader::read_stream_options() {
  const char first = cursor_.peek();
  const std::size_t begin = cursor_.position();
  if (first != '{' && first != 'n') return refuse("must be an object", "stream_options");
  fields_.has_stream_options = first == '{';
  const bool whole = first == 'n' ? cursor_.take_null() : cursor_.take_object([this](const JsonString& key) {
    return key.equals("include_usage") ? read_include_usage() : cursor_.skip_value();
  });
  fields_.stream_options_value = {begin, cursor_.position() - begin};
  return whole;
}

bool BodyReader::read_include_usage() {
  constexpr std::string_view param = "stream_options.include_usage";
  if (fields_.include_usage_value) return refuse("appears more than once", param);
  cursor_.peek();
  const std::size_t begin = cursor_.position();
  fields_.asks_usage = cursor_.take_literal("true");
  if (!fields_.asks_usage && !cursor_.take_null() && !cursor_.take_literal("false")) {
    return refuse("must be true or false", param);
  }
  fields_.include_usage_value = Span{begin, cursor_.position() - begin};
  return true;
}

bool BodyReader::read_cap(const FieldRule& rule) {
  CapField cap{.name = rule.name, .value = {}, .tokens = {}};
  if (!read_integer(rule.name, 1, cap.tokens, cap.value)) return false;
  fields_.caps.push_back(cap);
  return true;
}

bool BodyReader::read_choices(std::string_view param) {
  std::optional<std::int64_t> choices;
  Span value;
  if (!read_integer(param, 1, choices, value)) return false;
  fields_.n = std::max(fields_.n, choices.value_or(1));
  return true;
}

bool BodyReader::read_integer(std::string_view param, std::int64_t smallest, std::optional<std::int64_t>& value,
                              Span& span) {
  const char first = cursor_.peek();
  const std::size_t begin = cursor_.position();
  if (first == 'n') {
    if (!cursor_.take_null()) return false;
  } else {
    const std::optional<std::string_view> text = cursor_.take_number();
    if (!text) return refuse("must be an integer", param);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (end != text->data() + text->size()) return refuse("must be an integer", param);
    const bool negative = text->starts_with('-');
    if (error == std::errc::result_out_of_range && !negative) number = std::numeric_limits<std::int64_t>::max();
    if (number < smallest || (negative && error != std::errc{})) {
      return refuse(smallest == 0 ? "must not be negative" : "must be at least 1", param);
    }
    value = number;
  }
  span = {begin, cursor_.position() - begin};
  return true;
}

bool BodyReader::read_tool_choice() {
  const char first = cursor_.peek();
  if (first == 'n') return cursor_.take_null();
  if (first == '"') {
    const std::optional<JsonString> choice = cursor_.take_string();
    fields_.forced_tool_call = choice && choice->equals("required");
    return choice.has_value();
  }
  if (first != '{') return refuse("must be a string or an object", "tool_choice");
  fields_.forced_tool_call = true;
  return cursor_.skip_value();
}

bool BodyReader::read_response_format() {
  const char first = cursor_.peek();
  if (first == 'n') return cursor_.take_null();
  if (first != '{') return refuse("must be an object", "response_format");
  return cursor_.take_object([this](const JsonString& key) {
    if (!key.equals("type") || cursor_.peek() != '"') return cursor_.skip_value();
    const std::optional<JsonString> type = cursor_.take_string();
    fields_.structured_output = type && !type->equals("text");
    return type.has_value();
  });
}

// Cut out are the member and one comma: the one before it, or for the first member the one behind it.
bool BodyReader::read_priority(std::size_t begin) {
  if (!cursor_.skip_value()) return false;
  std::size_t end = cursor_.position();
  if (fields_.member_count == 1 && cursor_.peek() == ',') end = cursor_.position() + 1;
  fields_.priority_member = Span{begin, end - begin};
  return true;
}

bool BodyReader::refuse(std::string_view message, std::string_view param) {
  fault_ = BodyFault{"'" + std::string(param) + "' " + std::string(message) + ".", std::string(param)};
  return false;
}

BodyFault BodyReader::document_fault() const {
  if (cursor_.too_deep()) {
    return {"The request body is nested more than " + std::to_string(json_depth_max) + " levels deep.", {}};
  }
  return {"The request body is not valid JSON (at byte " + std::to_string(cursor_.position()) + ").", {}};
}

}  // namespace obleth::wire
