#include "wire/usage_extract.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "wire/byte_lanes.hpp"
#include "wire/json_cursor.hpp"
#include "wire/usage_figures.hpp"

namespace obleth::wire {
namespace {

constexpr std::size_t usage_bytes_max = 16 * 1024;
constexpr std::size_t key_bytes_max = 32;  // "usage" with every letter escaped takes 30

class UsageReader {
 public:
  explicit UsageReader(JsonCursor& cursor) : cursor_(cursor) {}

  bool read(UsageFigures& found) {
    const bool whole = cursor_.peek() == '{'
                           ? cursor_.take_object([this](const JsonString& key) { return read_member(key); })
                           : read_figure(figures_.prompt);
    if (whole && figures_.tells()) found.take(figures_);
    return whole;
  }

 private:
  bool read_member(const JsonString& key) {
    if (key.equals("prompt_tokens")) {
      figures_.prompt_is_whole = true;
      return read_figure(figures_.prompt);
    }
    if (key.equals("input_tokens")) return read_figure(figures_.prompt);
    if (key.equals("completion_tokens") || key.equals("output_tokens")) return read_figure(figures_.output);
    if (key.equals("total_tokens")) return read_figure(figures_.total);
    if (key.equals("prompt_tokens_details") || key.equals("input_tokens_details")) {
      return read_detail("cached_tokens", figures_.cached);
    }
    if (key.equals("completion_tokens_details") || key.equals("output_tokens_details")) {
      return read_detail("reasoning_tokens", figures_.reasoning);
    }
    if (key.equals("cache_read_input_tokens")) return read_figure(figures_.cache_read);
    if (key.equals("cache_creation_input_tokens")) return read_figure(figures_.cache_written);
    return cursor_.skip_value();
  }

  bool read_detail(std::string_view name, std::optional<std::int64_t>& detail) {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    return cursor_.take_object(
        [&](const JsonString& key) { return key.equals(name) ? read_figure(detail) : cursor_.skip_value(); });
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

  JsonCursor& cursor_;
  UsageFigures figures_;
};

bool may_hold_figures(char first, const UsagePlace& place) {
  return first == '{' || (place.is_input_only && first >= '0' && first <= '9');
}

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

void UsageFigures::take(const UsageFigures& later) {
  for (const auto figure : {&UsageFigures::output, &UsageFigures::total, &UsageFigures::cached,
                            &UsageFigures::reasoning, &UsageFigures::cache_read, &UsageFigures::cache_written}) {
    if (later.*figure) this->*figure = later.*figure;
  }
  if (later.prompt) {
    prompt = later.prompt;
    prompt_is_whole = later.prompt_is_whole;
  }
  clamped = clamped || later.clamped;
}

std::optional<ExtractedUsage> normalised(const UsageFigures& figures) {
  if (!figures.tells()) return std::nullopt;
  const std::int64_t output = figures.output.value_or(0);
  const std::int64_t outside =
      figures.prompt_is_whole ? 0 : figures.cache_read.value_or(0) + figures.cache_written.value_or(0);
  const std::int64_t rest_of_total = std::max<std::int64_t>(0, figures.total.value_or(0) - output);
  const std::int64_t prompt = figures.prompt ? *figures.prompt + outside : std::max(rest_of_total, outside);
  const std::int64_t cached = figures.cached.value_or(figures.cache_read.value_or(0));
  const std::int64_t reasoning = figures.reasoning.value_or(0);
  return ExtractedUsage{.usage = {.prompt = {prompt},
                                  .cached = {std::min(cached, prompt)},
                                  .output = {output},
                                  .reasoning = {std::min(reasoning, output)}},
                        .clamped = figures.clamped || cached > prompt || reasoning > output};
}

namespace {

// Takes a whole usage object, or the number that stands for one, or answers false. figures is set where it holds a
// count of tokens, and else left alone.
bool take_usage_at(const UsagePlace& place, JsonCursor& cursor, UsageFigures& figures) {
  UsageFigures told;
  const bool whole = UsageReader(cursor).read(told);
  if (place.is_input_only) told.output.reset();
  figures.take(told);
  return whole;
}

}  // namespace

std::optional<bool> take_placed_usage(JsonCursor& cursor, const JsonString& key, const DialectRules& rules,
                                      UsageFigures& figures) {
  const char first = cursor.peek();
  for (const UsagePlace& place : rules.usage) {
    if (place.inner.empty()) break;
    if (place.outer.empty() && key.equals(place.inner)) {
      if (!may_hold_figures(first, place)) return cursor.skip_value();
      return take_usage_at(place, cursor, figures);
    }
    if (place.outer.empty() || first != '{' || !key.equals(place.outer)) continue;
    return cursor.take_object([&](const JsonString& inner) {
      const bool usage = inner.equals(place.inner) && may_hold_figures(cursor.peek(), place);
      return usage ? take_usage_at(place, cursor, figures) : cursor.skip_value();
    });
  }
  return std::nullopt;
}

std::optional<ExtractedUsage> usage_of_document(std::string_view json, const DialectRules& rules) {
  JsonCursor cursor(json);
  UsageFigures figures;
  // A document that breaks off later has told its usage all the same.
  static_cast<void>(cursor.take_object([&](const JsonString& key) {
    const std::optional<bool> taken = take_placed_usage(cursor, key, rules, figures);
    return taken ? *taken : cursor.skip_value();
  }));
  return normalised(figures);
}

void UsageTokenizer::feed(std::string_view bytes) {
  bytes_ += static_cast<std::int64_t>(bytes.size());
  while (!bytes.empty() && phase_ != Phase::done && phase_ != Phase::broken) {
    std::size_t taken = 1;
    if (in_string_) {
      taken = feed_string(bytes);
    } else if (phase_ == Phase::value) {
      taken = feed_value(bytes);
    } else if (const std::size_t whole_key = feed_key(bytes); whole_key > 0) {
      taken = whole_key;
    } else {
      feed_structure(bytes.front());
    }
    bytes.remove_prefix(taken);
  }
}

// A key that is here with its colon is read where it stands; 0: there is none.
std::size_t UsageTokenizer::feed_key(std::string_view bytes) {
  if (phase_ != Phase::in_object || bytes.front() != '"') return 0;
  JsonCursor cursor(bytes.substr(0, key_bytes_max));
  const std::optional<JsonString> key = cursor.take_string();
  if (!key || !cursor.take(':')) return 0;
  phase_ = Phase::value;
  begin_value(*key);
  return cursor.position();
}

std::size_t UsageTokenizer::feed_string(std::string_view bytes) {
  const std::size_t taken = pass_string(bytes);
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
      if (byte == ',') break;
      in_string_ = byte == '"';
      key_.assign(1, byte);
      if (in_string_) {
        phase_ = Phase::key;
      } else {
        leave_object();
      }
      break;
    case Phase::after_key:
      phase_ = byte == ':' ? Phase::value : Phase::broken;
      begin_value(JsonCursor(key_).take_string());
      break;
    default:
      break;
  }
}

void UsageTokenizer::leave_object() {
  phase_ = outer_.empty() ? Phase::done : Phase::in_object;
  outer_ = {};
}

void UsageTokenizer::begin_value(const std::optional<JsonString>& key) {
  captured_place_ = nullptr;
  capturing_ = may_enter_ = false;
  if (!key) return;
  for (const UsagePlace& place : rules_->usage) {
    if (place.inner.empty()) break;
    if (place.outer == outer_ && key->equals(place.inner)) captured_place_ = &place;
    if (!outer_.empty() || place.outer.empty() || !key->equals(place.outer)) continue;
    may_enter_ = true;
    next_outer_ = place.outer;
  }
  capturing_ = captured_place_ != nullptr;
  captured_.clear();
}

// rest: of the value, as far as it was not captured. A value that came whole is read where it stands.
void UsageTokenizer::end_value(std::string_view rest) {
  if (capturing_ && captured_.empty() && rest.size() <= usage_bytes_max) {
    take_captured(rest, figures_);
  } else if (capturing_) {
    capture(rest);
    if (capturing_) take_captured(captured_, figures_);
  }
  capturing_ = false;
}

void UsageTokenizer::take_captured(std::string_view value, UsageFigures& figures) const {
  JsonCursor cursor(value);
  if (!may_hold_figures(cursor.peek(), *captured_place_)) return;
  static_cast<void>(take_usage_at(*captured_place_, cursor, figures));  // what is cut tells nothing
}

// As far as the value's end, or the end of the bytes.
std::size_t UsageTokenizer::feed_value(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const char byte = bytes[at];
    const Mark mark = marks[static_cast<unsigned char>(byte)];
    if (may_enter_ && static_cast<unsigned char>(byte) > ' ') {
      may_enter_ = false;
      if (byte == '{') {
        outer_ = next_outer_;
        phase_ = Phase::in_object;
        return at + 1;
      }
    }
    ++at;
    if (mark == Mark::none) continue;
    if (mark == Mark::quote) {
      at += pass_string(bytes.substr(at));
      if (in_string_) break;
    } else if (depth_ == 0 && mark != Mark::opens) {
      end_value(bytes.substr(0, at - 1));
      phase_ = Phase::in_object;
      if (mark == Mark::closes) leave_object();
      return at;
    } else {
      depth_ += mark == Mark::opens ? 1 : 0;
      depth_ -= mark == Mark::closes ? 1 : 0;
    }
  }
  if (capturing_) capture(bytes.substr(0, at));
  return at;
}

// The rest of a string with its quote, or all bytes where it does not end in them.
std::size_t UsageTokenizer::pass_string(std::string_view bytes) {
  std::size_t at = std::exchange(escaped_, false) ? 1 : 0;
  while (true) {
    at += plain_string_bytes(bytes.substr(at));
    in_string_ = at == bytes.size() || bytes[at] != '"';
    if (!in_string_) return at + 1;
    if (at == bytes.size()) return at;
    escaped_ = at + 1 == bytes.size();  // what the backslash is for is still to come
    if (escaped_) return at + 1;
    at += 2;
  }
}

void UsageTokenizer::capture(std::string_view bytes) {
  capturing_ = captured_.size() + bytes.size() <= usage_bytes_max;
  if (capturing_) captured_ += bytes;
}

// With those of an object whose end may have come, though not that of its member. A number may go on.
UsageFigures UsageTokenizer::figures() const {
  UsageFigures figures = figures_;
  if (capturing_ && captured_.find('{') != std::string::npos) take_captured(captured_, figures);
  return figures;
}

}  // namespace obleth::wire
