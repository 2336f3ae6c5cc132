#include "base/flat_toml.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace obleth {
namespace {

constexpr std::string_view key_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::vector<FlatTomlEntry>> entries() {
    std::vector<FlatTomlEntry> read;
    for (skip_blank_lines(); at_ < text_.size(); skip_blank_lines()) {
      Result<FlatTomlEntry> entry = next_entry();
      if (!entry) return fail(std::move(entry.error()));
      const bool known = std::ranges::find(read, entry->key, &FlatTomlEntry::key) != read.end();
      if (known) return fault(entry->key + " occurs twice");
      read.push_back(std::move(*entry));
    }
    return read;
  }

 private:
  Result<FlatTomlEntry> next_entry() {
    if (peek() == '[') return fault("tables are not used: write every key at the top, as name = value");
    FlatTomlEntry entry;
    entry.line = line_;
    entry.key = take_while(key_letters);
    if (entry.key.empty()) return fault("expected a key");
    skip_spaces();
    if (!take('=')) return fault("expected = after " + entry.key);
    skip_spaces();
    if (take('[')) {
      entry.is_list = true;
      if (Result<void> read = read_list(entry.values); !read) return fail(std::move(read.error()));
    } else {
      Result<std::string> value = read_value();
      if (!value) return fail(std::move(value.error()));
      entry.values.push_back(std::move(*value));
    }
    skip_spaces();
    skip_comment();
    if (at_ < text_.size() && !take_line_end()) return fault("unexpected text after the value of " + entry.key);
    return entry;
  }

  Result<void> read_list(std::vector<std::string>& values) {
    for (skip_blank_lines(); !take(']'); skip_blank_lines()) {
      Result<std::string> value = read_value();
      if (!value) return fail(std::move(value.error()));
      values.push_back(std::move(*value));
      skip_blank_lines();
      if (!take(',') && peek() != ']') return fault("expected , or ] in a list");
    }
    return {};
  }

  Result<std::string> read_value() {
    if (take('"')) return read_quoted();
    if (take('\'')) {
      const std::size_t end = text_.find_first_of("'\n", at_);
      if (end == std::string_view::npos || text_[end] != '\'') return fault("a string without its closing quote");
      std::string value(text_.substr(at_, end - at_));
      at_ = end + 1;
      return value;
    }
    std::string bare = take_while("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-");
    if (bare.empty()) return fault("expected a value; text stands in \"quotes\"");
    const bool is_number = bare.find_first_not_of("0123456789_+-") == std::string::npos;
    if (is_number) std::erase(bare, '_');
    return bare;
  }

  Result<std::string> read_quoted() {
    std::string value;
    while (at_ < text_.size() && text_[at_] != '\n') {
      const char letter = text_[at_++];
      if (letter == '"') return value;
      if (letter != '\\') {
        value += letter;
        continue;
      }
      const std::optional<char> meant = escaped(peek());
      if (!meant) return fault("an escape other than \\\" \\\\ \\n \\t in a string");
      value += *meant;
      ++at_;
    }
    return fault("a string without its closing quote");
  }

  static std::optional<char> escaped(char letter) {
    switch (letter) {
      case '"':
      case '\\':
        return letter;
      case 'n':
        return '\n';
      case 't':
        return '\t';
      default:
        return std::nullopt;
    }
  }

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char letter) {
    if (peek() != letter || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  std::string take_while(std::string_view letters) {
    const std::size_t end = std::min(text_.find_first_not_of(letters, at_), text_.size());
    std::string taken(text_.substr(at_, end - at_));
    at_ = end;
    return taken;
  }
  void skip_spaces() { at_ = std::min(text_.find_first_not_of(" \t", at_), text_.size()); }
  void skip_comment() {
    if (peek() == '#') at_ = std::min(text_.find('\n', at_), text_.size());
  }
  bool take_line_end() {
    take('\r');
    if (!take('\n')) return false;
    ++line_;
    return true;
  }
  void skip_blank_lines() {
    do {
      skip_spaces();
      skip_comment();
    } while (take_line_end());
  }

  [[nodiscard]] std::unexpected<Fault> fault(std::string message) const {
    return fail(client_fault(FaultKind::invalid, "line " + std::to_string(line_) + ": " + std::move(message)));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

Result<std::vector<FlatTomlEntry>> parse_flat_toml(std::string_view text) {
  return Reader(text).entries();
}

}  // namespace obleth
