#include "wire/usage_extract.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "wire/byte_lanes.hpp"
#include "wire/json_cursor.hpp"
#include "wire/usage_figures.hpp"

namespace obleth::wire {
namespace {

constexpr std::size_t usage_bytes_max = 16 * 1024;
constexpr std::size_t usage_bytes_usual = 256;
constexpr std::size_t key_bytes_max = 32;  // "usage" with every letter escaped takes 30

// One usage object's members as they were written.
struct UsageFigures {
  std::optional<std::int64_t> prompt;
  std::optional<std::int64_t> output;
  std::int64_t cached = 0;
  std::int64_t reasoning = 0;
  std::int64_t outside_prompt = 0;  // Anthropic: cache reads and writes, which its input_tokens leaves out
  bool clamped = false;
};

class UsageReader {
 public:
  explicit UsageReader(JsonCursor& cursor) : cursor_(cursor) {}

  bool read(std::optional<ExtractedUsage>& found) {
    const bool whole = cursor_.take_object([this](const JsonString& key) { return read_member(key); });
    if (whole && (figures_.prompt || figures_.output)) found = normalised();
    return whole;
  }

 private:
  bool read_member(const JsonString& key) {
    if (key.equals("prompt_tokens") || key.equals("input_tokens")) return read_figure(figures_.prompt);
    if (key.equals("completion_tokens") || key.equals("output_tokens")) return read_figure(figures_.output);
    if (key.equals("prompt_tokens_details") || key.equals("input_tokens_details")) {
      return read_detail("cached_tokens", figures_.cached);
    }
    if (key.equals("completion_tokens_details") || key.equals("output_tokens_details")) {
      return read_detail("reasoning_tokens", figures_.reasoning);
    }
    if (key.equals("cache_read_input_tokens")) return read_outside_prompt(&figures_.cached);
    if (key.equals("cache_creation_input_tokens")) return read_outside_prompt(nullptr);
    return cursor_.skip_value();
  }

  bool read_detail(std::string_view name, std::int64_t& detail) {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    return cursor_.take_object([&](const JsonString& key) {
      if (!key.equals(name)) return cursor_.skip_value();
      std::optional<std::int64_t> figure;
      const bool taken = read_figure(figure);
      detail = figure.value_or(detail);
      return taken;
    });
  }

  bool read_outside_prompt(std::int64_t* cached) {
    std::optional<std::int64_t> figure;
    const bool taken = read_figure(figure);
    figures_.outside_prompt += figure.value_or(0);
    if (cached != nullptr) *cached = figure.value_or(*cached);
    return taken;
  }

  // null is absent; anything else that is not a count is clamped to one.
  bool read_figure(std::optional<std::int64_t>& figure) {
    if (cursor_.take_null()) return true;
    const char first = cursor_.peek();
    if (first != '-' && (first < '0' || first > '9')) {
      figures_.clamped = true;
      return cursor_.skip_value();
    }
    const std::optional<std::string_view> text = cursor_.take_number();
    if (!text) return false;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error == std::errc::result_out_of_range) number = first == '-' ? 0 : usage_tokens_max;
    figure = std::clamp<std::int64_t>(number, 0, usage_tokens_max);
    figures_.clamped = figures_.clamped || *figure != number || error != std::errc{} || end != text->end();
    return true;
  }

  ExtractedUsage normalised() const {
    const std::int64_t prompt = figures_.prompt.value_or(0) + figures_.outside_prompt;
    const std::int64_t output = figures_.output.value_or(0);
    const bool parts_too_large = figures_.cached > prompt || figures_.reasoning > output;
    return {.usage = {.prompt = {prompt},
                      .cached = {std::min(figures_.cached, prompt)},
                      .output = {output},
                      .reasoning = {std::min(figures_.reasoning, output)}},
            .clamped = figures_.clamped || parts_too_large};
  }

  JsonCursor& cursor_;
  UsageFigures figures_;
};

// What a byte outside a string can do to a value.
enum class Mark : std::uint8_t { none, opens, closes, comma, quote };

consteval std::array<Mark, 256> make_marks() {
  std::array<Mark, 256> made{};
  made['{'] = made['['] = Mark::opens;
  made['}'] = made[']'] = Mark::closes;
  made[','] = Mark::comma;
  made['"'] = Mark::quote;
  return made;
}

constexpr std::array<Mark, 256> marks = make_marks();

// Bytes before the first quote or backslash.
std::size_t plain_string_bytes(std::string_view text) {
  std::size_t at = 0;
  while (text.size() - at >= ByteLanes::width) {
    const ByteLanes lanes(text.data() + at);
    const std::uint64_t special = lanes.equal_to('"') | lanes.equal_to('\\');
    if (special != 0) return at + ByteLanes::first(special);
    at += ByteLanes::width;
  }
  while (at < text.size() && text[at] != '"' && text[at] != '\\')
    ++at;
  return at;
}

}  // namespace

bool take_usage(JsonCursor& cursor, std::optional<ExtractedUsage>& found) {
  return UsageReader(cursor).read(found);
}

std::optional<ExtractedUsage> usage_of_document(std::string_view json) {
  JsonCursor cursor(json);
  std::optional<ExtractedUsage> found;
  // A document that breaks off later has told its usage all the same.
  static_cast<void>(cursor.take_object([&](const JsonString& key) {
    const bool usage = key.equals("usage") && cursor.peek() == '{';
    return usage ? take_usage(cursor, found) : cursor.skip_value();
  }));
  return found;
}

void UsageTokenizer::feed(std::string_view bytes) {
  bytes_ += static_cast<std::int64_t>(bytes.size());
  while (!bytes.empty() && phase_ != Phase::done && phase_ != Phase::broken) {
    std::size_t taken = 1;
    if (in_string_) {
      taken = feed_string(bytes);
    } else if (phase_ == Phase::value) {
      taken = feed_value(bytes);
    } else {
      feed_structure(bytes.front());
    }
    bytes.remove_prefix(taken);
  }
}

std::size_t UsageTokenizer::feed_string(std::string_view bytes) {
  std::size_t taken = 1;
  if (escaped_) {
    escaped_ = false;
  } else if (taken = plain_string_bytes(bytes); taken < bytes.size()) {
    escaped_ = bytes[taken++] == '\\';
    in_string_ = escaped_;
  }
  if (phase_ == Phase::key) {
    key_.append(bytes.substr(0, std::min(taken, key_bytes_max - key_.size())));
    if (!in_string_) phase_ = Phase::after_key;
  }
  if (capturing_) capture(bytes.substr(0, taken));
  return taken;
}

void UsageTokenizer::feed_structure(char byte) {
  if (byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t') return;
  switch (phase_) {
    case Phase::before_object:
      phase_ = byte == '{' ? Phase::in_object : Phase::broken;
      break;
    case Phase::in_object:
      in_string_ = byte == '"';
      phase_ = in_string_ ? Phase::key : byte == ',' ? Phase::in_object : Phase::done;
      key_.assign(1, byte);
      break;
    case Phase::after_key:
      phase_ = byte == ':' ? Phase::value : Phase::broken;
      begin_value();
      break;
    default:
      break;
  }
}

void UsageTokenizer::begin_value() {
  const std::optional<JsonString> key = JsonCursor(key_).take_string();
  capturing_ = key && key->equals("usage");
  if (!capturing_) return;
  captured_.clear();
  captured_.reserve(usage_bytes_usual);
}

// As far as the next string, or the end of the value: what lies between is numbers, words and brackets.
std::size_t UsageTokenizer::feed_value(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !in_string_) {
    const Mark mark = marks[static_cast<unsigned char>(bytes[taken])];
    if (depth_ == 0 && (mark == Mark::closes || mark == Mark::comma)) {
      if (capturing_) capture(bytes.substr(0, taken));
      capturing_ = false;
      phase_ = mark == Mark::closes ? Phase::done : Phase::in_object;
      return taken + 1;
    }
    depth_ += mark == Mark::opens ? 1 : 0;
    depth_ -= mark == Mark::closes ? 1 : 0;
    in_string_ = mark == Mark::quote;
    ++taken;
  }
  if (capturing_) capture(bytes.substr(0, taken));
  return taken;
}

void UsageTokenizer::capture(std::string_view bytes) {
  capturing_ = captured_.size() + bytes.size() <= usage_bytes_max;
  if (capturing_) captured_ += bytes;
}

std::optional<ExtractedUsage> UsageTokenizer::finish() const {
  JsonCursor cursor(captured_);
  std::optional<ExtractedUsage> found;
  return cursor.peek() == '{' && take_usage(cursor, found) ? found : std::nullopt;
}

}  // namespace obleth::wire
