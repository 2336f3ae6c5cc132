#include "wire/usage_extract.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "wire/byte_block.hpp"
#include "wire/byte_order_mark.hpp"
#include "wire/json_cursor.hpp"
#include "wire/name_table.hpp"
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
  struct Member {
    ToldTokens UsageFigures::* figure;
    std::string_view detail;  // the figure is this member of an object; empty: it is the value
  };
  static constexpr NameTable<11> names{{"prompt_tokens", "input_tokens", "completion_tokens", "output_tokens",
                                        "total_tokens", "prompt_tokens_details", "input_tokens_details",
                                        "completion_tokens_details", "output_tokens_details", "cache_read_input_tokens",
                                        "cache_creation_input_tokens"}};
  static constexpr Member members[] = {{&UsageFigures::prompt, {}},
                                       {&UsageFigures::prompt, {}},
                                       {&UsageFigures::output, {}},
                                       {&UsageFigures::output, {}},
                                       {&UsageFigures::total, {}},
                                       {&UsageFigures::cached, "cached_tokens"},
                                       {&UsageFigures::cached, "cached_tokens"},
                                       {&UsageFigures::reasoning, "reasoning_tokens"},
                                       {&UsageFigures::reasoning, "reasoning_tokens"},
                                       {&UsageFigures::cache_read, {}},
                                       {&UsageFigures::cache_written, {}}};

  bool read_member(const JsonString& key) {
    const std::size_t at = names.find(key);
    if (at == std::size(members)) return cursor_.skip_value();
    if (at == 0) figures_.prompt_is_whole = true;
    ToldTokens& figure = figures_.*members[at].figure;
    return members[at].detail.empty() ? read_figure(figure) : read_detail(members[at].detail, figure);
  }

  bool read_detail(std::string_view name, ToldTokens& detail) {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    return cursor_.take_object(
        [&](const JsonString& key) { return key.equals(name) ? read_figure(detail) : cursor_.skip_value(); });
  }

  // null is absent; anything else that is not a count is clamped to one.
  bool read_figure(ToldTokens& figure) {
    if (const std::optional<std::int64_t> count = cursor_.take_count()) {
      figure = ToldTokens(std::min(*count, usage_tokens_max));
      figures_.clamped = figures_.clamped || *count > usage_tokens_max;
      return true;
    }
    if (cursor_.take_null()) return true;
    const char first = cursor_.peek();
    if (first == '-' || (first >= '0' && first <= '9')) return read_other_number(figure);
    figures_.clamped = true;
    return cursor_.skip_value();
  }

  bool read_other_number(ToldTokens& figure) {
    const std::optional<std::string_view> text = cursor_.take_number();
    if (!text) return false;
    double number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    const bool vanishes = text->starts_with('-') || text->contains("e-") || text->contains("E-");
    if (error == std::errc::result_out_of_range && !vanishes) number = 2.0 * usage_tokens_max;
    const auto possible = static_cast<std::int64_t>(std::clamp<double>(number, 0, usage_tokens_max));
    figure = ToldTokens(possible);
    figures_.clamped = figures_.clamped || error != std::errc{} || static_cast<double>(possible) != number;
    return true;
  }

  JsonCursor& cursor_;
  UsageFigures figures_;
};

bool may_hold_figures(char first, const UsagePlace& place) {
  return first == '{' || (place.is_input_only && first >= '0' && first <= '9');
}

const char* find_quote_or_backslash(const char* at, const char* end) {
  return find_byte(
      at, end, [](ByteBlock bytes) { return bytes.equal_to('"') | bytes.equal_to('\\'); },
      [](char byte) { return byte == '"' || byte == '\\'; });
}

bool opens(char byte) {
  return (byte | ' ') == '{';
}
bool closes(char byte) {
  return (byte | ' ') == '}';
}

const char* find_quote_or_bracket(const char* at, const char* end) {
  const auto quotes_and_brackets = [](ByteBlock bytes) {
    const ByteBlock lowered = bytes.lowered();
    return bytes.equal_to('"') | lowered.equal_to('{') | lowered.equal_to('}');
  };
  return find_byte(at, end, quotes_and_brackets, [](char byte) { return byte == '"' || opens(byte) || closes(byte); });
}

// Over what stands between two strings of compact JSON, where nothing else does.
const char* pass_mark(const char* at, const char* end) {
  return end - at > 1 && (at[0] == ':' || at[0] == ',') && at[1] == '"' ? at + 1 : at;
}

std::size_t find_no_space(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t'))
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
  const std::int64_t prompt = figures.prompt ? figures.prompt.value_or(0) + outside : std::max(rest_of_total, outside);
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
  if (place.is_input_only) told.output = {};
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
  while (!bytes.empty() && phase_ != Phase::done && phase_ != Phase::broken)
    bytes.remove_prefix(take(bytes));
}

std::size_t UsageTokenizer::take(std::string_view bytes) {
  if (phase_ == Phase::value) return take_value(bytes);
  if (phase_ == Phase::key) return take_key(bytes);
  const std::size_t space = find_no_space(bytes);
  if (space > 0) return space;
  switch (phase_) {
    case Phase::in_object:
      return take_members(bytes);
    case Phase::before_value:
      return begin_value(bytes);
    case Phase::after_key:
      phase_ = bytes.front() == ':' ? Phase::before_value : Phase::broken;
      choose_place(JsonCursor(kept_).take_string().value_or(JsonString{}));
      return 1;
    default:
      if (byte_order_mark.contains(bytes.front())) return 1;
      phase_ = bytes.front() == '{' ? Phase::in_object : Phase::broken;
      return 1;
  }
}

// Keys that are here with their colons, as most are, are read where they stand; another, and one with an escape, is
// kept.
std::size_t UsageTokenizer::take_members(std::string_view bytes) {
  const char* const end = bytes.data() + bytes.size();
  const char* at = bytes.data();
  while (at != end && *at == '"') {
    const char* const key_end = find_quote_or_backslash(at + 1, end);
    if (end - key_end < 2 || key_end[0] != '"' || key_end[1] != ':') break;
    choose_place({.raw = {at + 1, key_end}});
    phase_ = Phase::before_value;
    at = key_end + 2;
    if (at != end && *at > ' ') at += begin_value({at, end});
    if (phase_ != Phase::in_object) break;
  }
  if (at != bytes.data()) return static_cast<std::size_t>(at - bytes.data());
  if (*at == '"') {
    phase_ = Phase::key;
    in_string_ = true;
    kept_.assign(1, '"');
  } else if (*at != ',') {
    leave_object();
  }
  return 1;
}

std::size_t UsageTokenizer::take_key(std::string_view bytes) {
  const char* const begin = bytes.data();
  const auto taken = static_cast<std::size_t>(resume_string(begin, begin + bytes.size()) - begin);
  kept_.append(bytes.substr(0, std::min(taken, key_bytes_max - kept_.size())));
  if (!in_string_) phase_ = Phase::after_key;
  return taken;
}

// place_: of the usage that is this key's value or stands in it.
void UsageTokenizer::choose_place(const JsonString& key) {
  place_ = nullptr;
  for (const UsagePlace& place : rules_->usage) {
    if (place.inner.empty()) break;
    const bool is_outer = outer_ == nullptr && !place.outer.empty();
    if (!key.equals(is_outer ? place.outer : place.inner)) continue;
    if (outer_ == nullptr || outer_->outer == place.outer) place_ = &place;
  }
}

void UsageTokenizer::leave_object() {
  phase_ = outer_ == nullptr ? Phase::done : Phase::in_object;
  outer_ = nullptr;
}

// Usage that is here to its last byte is read where it stands.
std::size_t UsageTokenizer::begin_value(std::string_view bytes) {
  phase_ = Phase::value;
  if (place_ == nullptr) return take_value(bytes);
  const bool is_object = bytes.front() == '{';
  if (outer_ == nullptr && !place_->outer.empty()) {
    if (!is_object) return take_value(bytes);
    outer_ = place_;
    phase_ = Phase::in_object;
    return 1;
  }
  keeping_ = may_hold_figures(bytes.front(), *place_);
  kept_.clear();
  JsonCursor cursor(bytes.substr(0, usage_bytes_max));
  if (!is_object || !take_usage_at(*place_, cursor, figures_)) return take_value(bytes);
  keeping_ = false;
  return cursor.position();
}

// As far as the value goes, or the bytes.
std::size_t UsageTokenizer::take_value(std::string_view bytes) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* at = in_string_ ? resume_string(begin, end) : begin;
  while (at != end) {
    if (depth_ > 0) {
      at = pass_nested(at, end);
      if (depth_ == 0 && keeping_) take_kept({begin, at});
    } else if (*at == '"') {
      at = pass_string(at + 1, end);
    } else if (*at == ',' || closes(*at)) {
      phase_ = Phase::in_object;
      if (keeping_) take_kept({begin, at});
      return static_cast<std::size_t>(at - begin) + (*at == ',' ? 1 : 0);
    } else {
      depth_ = opens(*at++) ? 1 : 0;
    }
  }
  if (keeping_) keep(bytes);
  return bytes.size();
}

// Behind the bracket with which the value ends: of what is nested only the depth counts.
const char* UsageTokenizer::pass_nested(const char* at, const char* end) {
  std::uint64_t depth = depth_;
  while (depth > 0 && at != end) {
    const char byte = *at;
    if (byte == '"') {
      at = pass_mark(pass_string(at + 1, end), end);
    } else if (opens(byte) || closes(byte)) {
      depth += opens(byte) ? 1 : std::uint64_t{0} - 1;
      ++at;
    } else {
      at = find_quote_or_bracket(at + 1, end);
    }
  }
  depth_ = depth;
  return at;
}

// Behind the quote with which the string ends.
const char* UsageTokenizer::pass_string(const char* at, const char* end) {
  at = find_quote_or_backslash(at, end);
  while (at != end && *at == '\\') {
    escaped_ = end - at == 1;  // what the backslash is for is still to come
    at = escaped_ ? end : find_quote_or_backslash(at + 2, end);
  }
  in_string_ = at == end;
  return in_string_ ? end : at + 1;
}

const char* UsageTokenizer::resume_string(const char* begin, const char* end) {
  return pass_string(begin + (std::exchange(escaped_, false) ? 1 : 0), end);
}

void UsageTokenizer::keep(std::string_view bytes) {
  keeping_ = kept_.size() + bytes.size() <= usage_bytes_max;
  if (keeping_) kept_ += bytes;
}

// The value ends with these bytes. One that was too long, or is no JSON, tells nothing.
void UsageTokenizer::take_kept(std::string_view last_bytes) {
  keep(last_bytes);
  JsonCursor cursor(kept_);
  if (std::exchange(keeping_, false)) static_cast<void>(take_usage_at(*place_, cursor, figures_));
}

}  // namespace obleth::wire
