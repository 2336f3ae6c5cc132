// An HTTP/1.1 head as values. Made only by wire/http_head, whose grammar it has passed.
//
// All views point into the bytes that were parsed: the owner of those bytes keeps them still while the head is in use.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace obleth {

inline constexpr std::size_t header_count_max = 128;

struct HeaderField {
  std::string_view name;   // as it was sent
  std::string_view value;  // without surrounding white space
};

// ASCII, as header names and tokens compare.
[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t at = 0; at < a.size(); ++at) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (lower(a[at]) != lower(b[at])) return false;
  }
  return true;
}

// Whether a token, in any case, is a name that is written in small letters, digits and dashes: eight bytes at a time.
// Without control characters in it, setting one bit makes nothing else such a letter, digit or dash.
[[nodiscard]] inline bool is_named(std::string_view token, std::string_view name) {
  if (token.size() != name.size()) return false;
  constexpr std::size_t width = sizeof(std::uint64_t);
  const auto equal_at = [&](std::size_t at) {
    std::uint64_t sent = 0;
    std::uint64_t wanted = 0;
    std::memcpy(&sent, token.data() + at, width);
    std::memcpy(&wanted, name.data() + at, width);
    return (sent | 0x2020202020202020ULL) == wanted;
  };
  if (token.size() < width) {
    for (std::size_t at = 0; at < token.size(); ++at) {
      if ((token[at] | ' ') != name[at]) return false;
    }
    return true;
  }
  for (std::size_t at = 0; at + width < token.size(); at += width) {
    if (!equal_at(at)) return false;
  }
  return equal_at(token.size() - width);
}

// The name of a field that is looked for, in small letters: another one does not compile.
class FieldName {
 public:
  template <std::convertible_to<std::string_view> Text>
  consteval FieldName(const Text& name) : text_(name) {  // NOLINT(google-explicit-constructor): it is a name
    for (const char c : text_)
      if (c >= 'A' && c <= 'Z') throw "a name is given in small letters";
  }
  [[nodiscard]] constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// The fields of one head, in order. Few fit in place, as most heads have; more of them, up to header_count_max, move
// out to memory that is kept for the next head.
class HeaderBlock {
 public:
  [[nodiscard]] bool append(HeaderField field) {
    if (count_ == header_count_max) return false;
    if (count_ < in_place_.size()) {
      in_place_[count_++] = field;
      return true;
    }
    if (count_ == in_place_.size()) moved_out_.assign(in_place_.begin(), in_place_.end());
    moved_out_.push_back(field);
    ++count_;
    return true;
  }
  [[nodiscard]] std::span<const HeaderField> fields() const {
    return {count_ > in_place_.size() ? moved_out_.data() : in_place_.data(), count_};
  }
  // The first of that name.
  [[nodiscard]] std::optional<std::string_view> find(FieldName name) const {
    for (const HeaderField& field : fields()) {
      if (is_named(field.name, name.text())) return field.value;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::size_t count(FieldName name) const {
    std::size_t found = 0;
    for (const HeaderField& field : fields())
      found += is_named(field.name, name.text()) ? 1 : 0;
    return found;
  }
  void clear() { count_ = 0; }

 private:
  static constexpr std::size_t in_place_max = 20;  // the OpenAI SDKs send 16 to 18

  std::array<HeaderField, in_place_max> in_place_;  // of which count_ are read
  std::vector<HeaderField> moved_out_;              // all of them, once there are more
  std::size_t count_ = 0;
};

enum class BodyFraming : std::uint8_t {
  none,    // no body follows
  length,  // content_length bytes follow
  chunked,
  until_close,  // responses only
};

struct RequestHead {
  std::string_view method;
  std::string_view target;  // raw, origin-form (an absolute-form target is given in origin form)
  std::string_view host;
  bool is_http_1_0 = false;
  bool keep_alive = true;
  bool expects_continue = false;
  BodyFraming framing = BodyFraming::none;
  std::uint64_t content_length = 0;
  HeaderBlock fields;
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  bool keep_alive = true;
  BodyFraming framing = BodyFraming::none;
  bool has_content_length = false;  // told, if only of a body that does not follow (HEAD, 304)
  std::uint64_t content_length = 0;
  HeaderBlock fields;
};

}  // namespace obleth
