#include "wire/request_target.hpp"

#include <utility>

#include "wire/http_syntax.hpp"

namespace obleth::wire {
namespace {

bool is_refused(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F || c == '\\';
}

// Takes decoded characters and keeps the path in its one spelling: without empty and "." segments.
class PathFolder {
 public:
  explicit PathFolder(std::size_t size_max) : path_("/") { path_.reserve(size_max); }

  // False on "..".
  [[nodiscard]] bool take(char c) {
    if (c != '/') {
      path_.push_back(c);
      return true;
    }
    return end_segment();
  }

  [[nodiscard]] bool end_segment() {
    const std::string_view segment = std::string_view(path_).substr(segment_);
    if (segment == "..") return false;
    if (segment.empty() || segment == ".") {
      path_.resize(segment_);
    } else {
      path_.push_back('/');
      segment_ = path_.size();
    }
    return true;
  }

  [[nodiscard]] std::string finish() && {
    if (path_.size() > 1) path_.pop_back();
    return std::move(path_);
  }

 private:
  std::string path_;
  std::size_t segment_ = 1;  // where the segment begins that is being read
};

// In its one spelling already: nothing to decode, no empty segment and none that begins with a dot.
bool is_folded(std::string_view raw) {
  char before = '\0';
  for (const char c : raw) {
    if (!is_in(c, target_char) || c == '%' || c == '\\') return false;
    if (before == '/' && (c == '/' || c == '.')) return false;
    before = c;
  }
  return raw.size() == 1 || before != '/';
}

// The character at raw[at], decoded; at moves to its last byte. nullopt on what no path may hold.
std::optional<char> decode_at(std::string_view raw, std::size_t& at) {
  if (raw[at] != '%')
    return is_refused(raw[at]) || raw[at] == ' ' || raw[at] == '#' ? std::nullopt : std::optional(raw[at]);
  if (raw.size() - at < 3) return std::nullopt;
  const int high = hex_value(raw[at + 1]);
  const int low = hex_value(raw[at + 2]);
  if (high < 0 || low < 0) return std::nullopt;
  const char decoded = static_cast<char>(high * 16 + low);
  at += 2;
  return is_refused(decoded) ? std::nullopt : std::optional(decoded);
}

}  // namespace

std::optional<MatchedPath> normalise_target(std::string_view target) {
  if (target == "*") return MatchedPath{.path = "*", .has_encoded_slash = false, .raw_query = {}};
  if (!target.starts_with('/')) return std::nullopt;
  MatchedPath matched;
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) matched.raw_query = target.substr(question + 1);
  const std::string_view raw = target.substr(0, question);
  if (is_folded(raw)) {
    matched.path = raw;
    return matched;
  }
  PathFolder folder(raw.size() + 1);
  for (std::size_t at = 0; at < raw.size(); ++at) {
    const bool is_escape = raw[at] == '%';
    const auto c = decode_at(raw, at);
    if (!c || !folder.take(*c)) return std::nullopt;
    matched.has_encoded_slash |= is_escape && *c == '/';
  }
  if (!folder.end_segment()) return std::nullopt;
  matched.path = std::move(folder).finish();
  return matched;
}

std::string_view claimed_target(std::string_view head_bytes) {
  const std::size_t line_end = head_bytes.find('\n');
  if (line_end == std::string_view::npos) return {};
  std::string_view line = head_bytes.substr(0, line_end);
  const std::size_t method_end = line.find(' ');
  if (method_end == std::string_view::npos) return {};
  line.remove_prefix(method_end + 1);
  return line.substr(0, line.find(' '));
}

}  // namespace obleth::wire
