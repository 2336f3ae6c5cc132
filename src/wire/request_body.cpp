#include "wire/request_body.hpp"

#include <charconv>
#include <limits>
#include <utility>

#include "wire/body_reader.hpp"

namespace obleth::wire {
namespace {

// What vLLM called its structured_outputs before: guided_json, guided_regex, guided_choice, guided_grammar.
bool is_guided(const JsonString& key) {
  return key.raw.starts_with("guided_");
}

}  // namespace

BodyOutcome read_request_body(std::string_view body, Dialect dialect) {
  BodyOutcome outcome{std::in_place_type<RequestFields>};
  std::optional<BodyFault> fault = BodyReader(body, dialect, std::get<RequestFields>(outcome)).read();
  if (fault) outcome = *std::move(fault);
  return outcome;
}

std::optional<BodyFault> BodyReader::read() {
  if (cursor_.peek() != '{') return BodyFault{"The request body must be a JSON object.", {}};
  fields_.object_open = cursor_.position();
  std::size_t member_begin = 0;  // the comma before a member, or the member itself where it is the first
  const bool whole = cursor_.take_object([&](const JsonString& key) {
    const bool read = read_member(key, member_begin);
    cursor_.peek();
    member_begin = cursor_.position();
    return read;
  });
  if (fault_) return std::move(fault_);
  if (!whole || !cursor_.at_end()) return document_fault();
  if (has_query_) add_times(fields_.text, query_, fields_.prompts);
  return std::nullopt;
}

bool BodyReader::read_member(const JsonString& key, std::size_t member_begin) {
  ++fields_.member_count;
  const std::size_t number = rules_.find(key);
  if (number == FieldRules::count_max) return is_guided(key) ? read_shape() : pass_by(key);
  const FieldRule& rule = rules_[number];
  const std::uint32_t bit = 1U << number;
  if ((seen_ & bit) != 0) return refuse("appears more than once", rule.name);
  seen_ |= bit;
  if (rule.reading != Reading::priority) return read_field(rule);
  return read_priority(fields_.member_count == 1 ? cursor_.position_of(key.raw) - 1 : member_begin);
}

// What obleth does not read, unless the upstream may take it for what it does read: an allow-list would be passed by.
bool BodyReader::pass_by(const JsonString& key) {
  const std::size_t meant = rules_.find_folded(key);
  if (meant == FieldRules::count_max) return cursor_.skip_value();
  return refuse("must be spelled in small letters", rules_[meant].name);
}

bool BodyReader::read_field(const FieldRule& rule) {
  switch (rule.reading) {
    case Reading::model:
      return read_model();
    case Reading::model_or_null:
      return cursor_.take_null() || read_model();
    case Reading::stream:
      return read_stream();
    case Reading::stream_options:
      return read_stream_options();
    case Reading::cap:
      return read_cap(rule, 1);
    case Reading::cap_or_none:
      return read_cap(rule, 0);
    case Reading::least_output:
      return read_integer(rule.name, 0, fields_.min_tokens, fields_.min_tokens_value);
    case Reading::choices:
      return read_choices(rule.name);
    case Reading::chat_messages:
      return read_messages(false);
    case Reading::chat_messages_or_null:
      return read_messages(true);
    case Reading::prompts:
      return read_prompts(rule.name);
    case Reading::blocks:
      return read_blocks(rule.name);
    case Reading::query:
      return read_query();
    case Reading::documents:
      return read_documents();
    case Reading::tools:
      return read_tools(rule.name);
    case Reading::tool_choice:
      return read_tool_choice(rule.name);
    case Reading::format:
      return read_format(rule.name);
    case Reading::format_holder:
      return read_format_holder(rule.name);
    case Reading::shape:
      return read_shape();
    case Reading::thinking:
      return read_thinking();
    case Reading::priority:
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

bool BodyReader::read_cap(const FieldRule& rule, std::int64_t smallest) {
  CapField cap{.name = rule.name, .value = {}, .tokens = {}};
  if (!read_integer(rule.name, smallest, cap.tokens, cap.value)) return false;
  fields_.caps.push_back(cap);
  return true;
}

bool BodyReader::read_choices(std::string_view param) {
  std::optional<std::int64_t> choices;
  Span value;
  if (!read_integer(param, 1, choices, value)) return false;
  if (choices && *choices > fields_.n) {
    fields_.n = *choices;
    fields_.n_name = param;
  }
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

bool BodyReader::read_tool_choice(std::string_view param) {
  const char first = cursor_.peek();
  if (first == 'n') return cursor_.take_null();
  if (first == '"') {
    const std::optional<JsonString> choice = cursor_.take_string();
    if (choice && choice->equals("required")) fields_.forced_tool_call = true;
    return choice.has_value();
  }
  return first == '{' ? read_tool_choice_object() : refuse("must be a string or an object", param);
}

// Names what has to be called; Anthropic's {"type":"auto"} and {"type":"none"} leave it open.
bool BodyReader::read_tool_choice_object() {
  bool forced = true;
  const bool whole = cursor_.take_object([&](const JsonString& key) {
    if (!key.equals("type") || cursor_.peek() != '"') return cursor_.skip_value();
    const std::optional<JsonString> type = cursor_.take_string();
    forced = type && !type->equals("auto") && !type->equals("none");
    return type.has_value();
  });
  fields_.forced_tool_call = fields_.forced_tool_call || forced;
  return whole;
}

bool BodyReader::read_format(std::string_view param) {
  const char first = cursor_.peek();
  if (first == 'n') return cursor_.take_null();
  if (first != '{') return refuse("must be an object", param);
  return cursor_.take_object([this](const JsonString& key) {
    if (!key.equals("type") || cursor_.peek() != '"') return cursor_.skip_value();
    const std::optional<JsonString> type = cursor_.take_string();
    if (type && !type->equals("text")) fields_.structured_output = true;
    return type.has_value();
  });
}

bool BodyReader::read_format_holder(std::string_view param) {
  const char first = cursor_.peek();
  if (first == 'n') return cursor_.take_null();
  if (first != '{') return refuse("must be an object", param);
  return cursor_.take_object(
      [&](const JsonString& key) { return key.equals("format") ? read_format(param) : cursor_.skip_value(); });
}

bool BodyReader::read_shape() {
  if (cursor_.take_null()) return true;
  fields_.structured_output = true;
  return cursor_.skip_value();
}

bool BodyReader::read_thinking() {
  const char first = cursor_.peek();
  if (first == 'n') return cursor_.take_null();
  if (first != '{') return refuse("must be an object", "thinking");
  return cursor_.take_object([this](const JsonString& key) {
    if (!key.equals("budget_tokens")) return cursor_.skip_value();
    std::optional<std::int64_t> budget;
    Span value;
    if (!read_integer("thinking.budget_tokens", 0, budget, value)) return false;
    fields_.thinking_tokens = std::max(fields_.thinking_tokens, budget.value_or(0));
    return true;
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
