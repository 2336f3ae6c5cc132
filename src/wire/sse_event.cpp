#include "wire/sse_event.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "wire/byte_block.hpp"
#include "wire/json_cursor.hpp"
#include "wire/usage_figures.hpp"

namespace obleth::wire {
namespace {

constexpr std::string_view payload_field = "data:";
constexpr std::array<std::string_view, 4> field_names = {"data", "event", "id", "retry"};

bool ends_line(char byte) {
  return byte == '\n' || byte == '\r';
}

std::size_t find_line_end(std::string_view bytes, std::size_t at) {
  const char* const end = bytes.data() + bytes.size();
  const char* const found = find_byte(
      bytes.data() + at, end, [](ByteBlock block) { return block.equal_to('\n') | block.equal_to('\r'); }, ends_line);
  return found == end ? std::string_view::npos : static_cast<std::size_t>(found - bytes.data());
}

std::int64_t unescaped_bytes(const JsonString& text) {
  std::string meaning;
  return static_cast<std::int64_t>(text.has_escape && text.unescape(meaning) ? meaning.size() : text.raw.size());
}

void count(const JsonString& text, SsePayloadReading& reading) {
  reading.has_content = reading.has_content || !text.raw.empty();
  reading.content_bytes += unescaped_bytes(text);
}

// One event's JSON, of any dialect: choices[].delta and choices[].text; Anthropic's and the responses API's delta.
class PayloadReader {
 public:
  PayloadReader(std::string_view json, const DialectRules& rules) : json_(json), rules_(rules), cursor_(json) {}

  SsePayloadReading read(SsePattern& pattern) {
    const auto visit = [this](const JsonString& key) { return read_member(key); };
    opening_bytes_ = pattern.known_opening(json_);
    opening_plain_ = opening_bytes_ == 0;
    const bool whole = (opening_plain_ ? cursor_.take_object(visit)
                                       : cursor_.resume_object(opening_bytes_, {.raw = "choices"}, visit)) &&
                       cursor_.at_end();
    reading_.usage_only = whole && choices_empty_ && !failed_ && reading_.usage.tells();
    pattern.learn(json_, opening_bytes_, whole && is_only_text() ? std::optional(text_) : std::nullopt);
    return reading_;
  }

 private:
  // Its one text is all that tells this event from the next.
  [[nodiscard]] bool is_only_text() const {
    return texts_ == 1 && !reading_.done && !reading_.number && !reading_.usage.tells() && !reading_.usage.clamped;
  }

  bool read_member(const JsonString& key) {
    if (key.equals("choices")) {
      if (opening_plain_) opening_bytes_ = cursor_.position();
      opening_plain_ = false;
      return read_choices();
    }
    const bool delta = key.equals("delta");
    const std::optional<bool> usage = delta ? std::nullopt : take_placed_usage(cursor_, key, rules_, reading_.usage);
    failed_ = failed_ || (key.equals("error") && cursor_.peek() != 'n');
    opening_plain_ = opening_plain_ && !usage && !delta && !failed_;
    if (usage) return *usage;
    if (delta) return read_delta();
    if (key.equals("type") && cursor_.peek() == '"') return read_type();
    return key.equals("sequence_number") ? read_number() : cursor_.skip_value();
  }

  bool read_type() {
    const std::optional<JsonString> type = cursor_.take_string();
    reading_.done =
        type && std::ranges::any_of(rules_.stream_ends, [&type](std::string_view end) { return type->equals(end); });
    return type.has_value();
  }

  bool read_number() {
    cursor_.peek();
    const std::size_t begin = cursor_.position();
    if (!cursor_.skip_value()) return false;
    const std::string_view text = cursor_.since(begin);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) reading_.number = number;
    return true;
  }

  bool read_choices() {
    if (cursor_.peek() != '[') return cursor_.skip_value();
    choices_empty_ = true;
    return cursor_.take_array([this] {
      choices_empty_ = false;
      if (cursor_.peek() != '{') return cursor_.skip_value();
      return cursor_.take_object([this](const JsonString& key) {
        if (key.equals("delta")) return read_delta();
        if (key.equals("text") && cursor_.peek() == '"') return count_text();
        return cursor_.skip_value();
      });
    });
  }

  bool read_delta() {
    const char first = cursor_.peek();
    if (first == '"') return count_text();
    if (first != '{') return cursor_.skip_value();
    return cursor_.take_object([this](const JsonString& key) {
      const char value = cursor_.peek();
      if (value == '"') return is_text(key) ? count_text() : cursor_.skip_value();
      if (value == '[' && key.equals("tool_calls")) return read_tool_calls();
      return value == '{' && key.equals("function_call") ? read_call() : cursor_.skip_value();
    });
  }

  // What a delta says beside the text: Anthropic's message_delta tells why it stopped, its signatures are no tokens.
  static bool is_text(const JsonString& key) {
    return !key.equals("role") && !key.equals("type") && !key.equals("stop_reason") && !key.equals("stop_sequence") &&
           !key.equals("signature");
  }

  bool read_tool_calls() {
    return cursor_.take_array([this] {
      if (cursor_.peek() != '{') return cursor_.skip_value();
      return cursor_.take_object([this](const JsonString& key) {
        return key.equals("function") && cursor_.peek() == '{' ? read_call() : cursor_.skip_value();
      });
    });
  }

  bool read_call() {
    return cursor_.take_object(
        [this](const JsonString&) { return cursor_.peek() == '"' ? count_text() : cursor_.skip_value(); });
  }

  bool count_text() {
    const std::optional<JsonString> text = cursor_.take_string();
    if (!text) return false;
    count(*text, reading_);
    text_ = text->raw;
    ++texts_;
    return true;
  }

  std::string_view json_;
  const DialectRules& rules_;
  JsonCursor cursor_;
  SsePayloadReading reading_;
  std::string_view text_;  // the last one that was counted
  std::size_t texts_ = 0;
  std::size_t opening_bytes_ = 0;
  bool choices_empty_ = false;
  bool failed_ = false;        // it tells of an error
  bool opening_plain_ = true;  // to be learned: nothing but what is skipped has come so far
};

}  // namespace

std::size_t SseBoundary::find_end(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (after_cr_ && bytes[at] == '\n') ++at;
    after_cr_ = false;
    const std::size_t line_end = find_line_end(bytes, at);
    if (line_end == std::string_view::npos) {
      line_empty_ = line_empty_ && at == bytes.size();
      return std::string_view::npos;
    }
    const bool blank = line_empty_ && line_end == at;
    const bool cr = bytes[line_end] == '\r';
    at = line_end + 1;
    if (cr && at < bytes.size() && bytes[at] == '\n') {
      ++at;
    } else if (cr && at == bytes.size() && !blank) {
      after_cr_ = true;
    }
    line_empty_ = true;
    if (blank) {
      single_line_ = lines_ == 1;
      lines_ = 0;
      return at;
    }
    ++lines_;
  }
  return std::string_view::npos;
}

std::string_view sse_line(std::string_view event, std::size_t at) {
  std::size_t end = find_line_end(event, at);
  if (end == std::string_view::npos) return event.substr(at);
  const bool crlf = event[end] == '\r' && end + 1 < event.size() && event[end + 1] == '\n';
  end += crlf ? 2 : 1;
  return event.substr(at, end - at);
}

bool is_payload_line(std::string_view line) {
  return line.starts_with(payload_field);
}
bool may_be_field_line(std::string_view line) {
  const std::size_t name_end = line.find_first_of(":\r\n");
  const std::string_view name = line.substr(0, name_end);
  return std::ranges::any_of(field_names, [name, name_end](std::string_view field) {
    return name_end == std::string_view::npos ? field.starts_with(name) : field == name;
  });
}

std::string_view sse_payload_of_line(std::string_view line) {
  if (!is_payload_line(line)) return {};
  line.remove_prefix(payload_field.size());
  while (line.ends_with('\n') || line.ends_with('\r'))
    line.remove_suffix(1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

std::string_view sse_payload(std::string_view event, std::string& joined) {
  std::string_view first;
  bool several = false;
  for (std::size_t at = 0; at < event.size();) {
    const std::string_view line = sse_line(event, at);
    at += line.size();
    if (!is_payload_line(line)) continue;
    const std::string_view payload = sse_payload_of_line(line);
    if (first.data() == nullptr) {
      first = payload;
      continue;
    }
    if (!several) joined.assign(first);
    several = true;
    joined.append(1, '\n').append(payload);
  }
  return several ? std::string_view(joined) : first;
}

SsePayloadReading read_sse_payload(std::string_view payload, const DialectRules& rules, SsePattern& pattern) {
  SsePayloadReading reading;
  if (const std::optional<JsonString> text = pattern.text_of(payload)) {
    count(*text, reading);
    return reading;
  }
  if (payload.starts_with('{')) return PayloadReader(payload, rules).read(pattern);
  reading.done = !payload.empty() && std::ranges::any_of(rules.stream_ends, [payload](std::string_view end) {
    return payload.starts_with(end);
  });
  return reading;
}

bool may_become_usage_only(std::string_view beginning) {
  JsonCursor cursor(beginning);
  if (cursor.at_end()) return true;
  bool has_choices = false;
  // The walk ends where the bytes end, or with the answer; that it ended early says nothing.
  static_cast<void>(cursor.take_object([&](const JsonString& key) {
    if (!key.equals("choices") || cursor.at_end()) return cursor.skip_value();
    has_choices = !cursor.take('[') || (!cursor.at_end() && cursor.peek() != ']');
    return !has_choices && cursor.take(']');
  }));
  return !has_choices && cursor.at_end();
}

}  // namespace obleth::wire
