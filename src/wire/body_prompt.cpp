// The part of the body reader that measures the text that the model will read.
#include <algorithm>

#include "wire/body_reader.hpp"
#include "wire/text_measure.hpp"

namespace obleth::wire {

bool BodyReader::measure_text(std::string_view param) {
  TextCounter counter(fields_.text);
  const std::size_t plain = counter.count_plain(cursor_.inside_of_string());
  const std::optional<JsonString> text = cursor_.take_string(plain);
  if (!text) return false;
  return counter.count(text->raw.substr(plain)) || refuse("is not valid UTF-8", param);
}

bool BodyReader::measure_value(std::string_view param) {
  if (cursor_.peek() == '"') return measure_text(param);
  const std::size_t begin = cursor_.position();
  if (!cursor_.skip_value()) return false;
  return measure_json(cursor_.since(begin), fields_.text) || refuse("is not valid UTF-8", param);
}

bool BodyReader::read_messages(bool may_be_null) {
  const char first = cursor_.peek();
  if (first == 'n' && may_be_null) return cursor_.take_null();
  if (first != '[') return refuse("must be an array", "messages");
  return cursor_.take_array([this] { return read_message(); });
}

bool BodyReader::read_message() {
  if (cursor_.peek() != '{') return refuse("must be an array of objects", "messages");
  ++fields_.text.messages;
  return cursor_.take_object([this](const JsonString& key) {
    if (key.equals("content")) return read_content();
    if (key.equals("tool_calls")) return read_tool_calls();
    if (key.equals("function_call")) return cursor_.peek() == '{' ? read_called_function() : cursor_.skip_value();
    return cursor_.skip_value();
  });
}

bool BodyReader::read_content() {
  switch (cursor_.peek()) {
    case '"':
      return measure_text("messages");
    case 'n':
      return cursor_.take_null();
    case '[':
      return cursor_.take_array([this] { return cursor_.peek() == '"' ? measure_text("messages") : read_part(); });
    default:
      return refuse("must hold content that is a string or an array of parts", "messages");
  }
}

// {"type":"text","text":…} is text; what else a part may be is an image, a sound, a film or a file.
bool BodyReader::read_part() {
  if (cursor_.peek() != '{') return refuse("must hold content that is a string or an array of parts", "messages");
  bool has_text = false;
  bool has_media = false;
  const bool whole = cursor_.take_object([&](const JsonString& key) {
    if (cursor_.peek() == '"' && key.equals_any({"text", "refusal", "thinking", "content"})) {
      has_text = true;
      return measure_text("messages");
    }
    has_media = has_media || key.equals_any({"image_url", "input_audio", "audio_url", "video_url", "file", "source"});
    return cursor_.skip_value();
  });
  fields_.text.media_parts += has_media || !has_text ? 1 : 0;
  return whole;
}

bool BodyReader::read_tool_calls() {
  if (cursor_.peek() != '[') return cursor_.skip_value();
  return cursor_.take_array([this] {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    return cursor_.take_object([this](const JsonString& key) {
      const bool call = cursor_.peek() == '{' && key.equals_any({"function", "custom"});
      return call ? read_called_function() : cursor_.skip_value();
    });
  });
}

bool BodyReader::read_called_function() {
  return cursor_.take_object([this](const JsonString& key) {
    return key.equals_any({"name", "arguments", "input"}) ? measure_value("messages") : cursor_.skip_value();
  });
}

bool BodyReader::read_tools(std::string_view param) {
  const char first = cursor_.peek();
  if (first == 'n') return cursor_.take_null();
  return first == '[' ? measure_value(param) : refuse("must be an array", param);
}

bool BodyReader::read_prompts(std::string_view param) {
  switch (cursor_.peek()) {
    case '"':
      return measure_text(param);
    case '[':
      return read_prompt_list(param);
    case '{':
      return measure_value(param);
    case 'n':
      return cursor_.take_null();
    default:
      return refuse("must be a string or an array", param);
  }
}

// Texts, lists of token ids, or one list of token ids, which is a single prompt.
bool BodyReader::read_prompt_list(std::string_view param) {
  std::int64_t prompts = 0;
  std::int64_t token_ids = 0;
  const bool whole = cursor_.take_array([&] {
    const char first = cursor_.peek();
    if (first == '"' || first == '{') {
      ++prompts;
      return measure_value(param);
    }
    if (first == '[') {
      ++prompts;
      return read_token_ids(param);
    }
    ++token_ids;
    return cursor_.take_number().has_value() || refuse("must hold texts or token ids", param);
  });
  if (!whole) return false;
  if (prompts > 0 && token_ids > 0) return refuse("must not mix texts and token ids", param);
  fields_.text.token_ids += token_ids;
  fields_.prompts = std::max<std::int64_t>(prompts, 1);
  return true;
}

bool BodyReader::read_token_ids(std::string_view param) {
  return cursor_.take_array([&] {
    ++fields_.text.token_ids;
    return cursor_.take_number().has_value() || refuse("must hold texts or token ids", param);
  });
}

}  // namespace obleth::wire
