#include "wire/form_scanner.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "wire/form_part_head.hpp"
#include "wire/json_text.hpp"

namespace obleth::wire {
namespace {

// UTF-8 without control characters, which some parsers would cut off or replace.
bool is_plain_text(std::string_view text) {
  while (!text.empty()) {
    const Utf8Character next = first_utf8_character(text);
    if (next.bytes == 0 || next.code_point < ' ' || next.code_point == 0x7F) return false;
    text.remove_prefix(next.bytes);
  }
  return true;
}

}  // namespace

bool FormScanner::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t taken = 0;
    switch (phase_) {
      case Phase::opening:
        taken = feed_opening(bytes);
        break;
      case Phase::delimiter_tail:
        taken = feed_delimiter_tail(bytes.front());
        break;
      case Phase::part_head:
        taken = feed_part_head(bytes.front());
        break;
      case Phase::content:
        taken = feed_content(bytes);
        break;
      case Phase::epilogue:
        taken = feed_epilogue(bytes.front());
        break;
    }
    if (taken == 0) return false;
    position_ += taken;
    bytes.remove_prefix(taken);
  }
  return true;
}

bool FormScanner::finish() {
  if (phase_ != Phase::epilogue) {
    refuse("The form breaks off: its closing boundary is missing.");
    return false;
  }
  if (has_model_ || rules_.model_is_optional) return true;
  fault_ = {"Say which model to use: a form field named 'model'.", "model"};
  return false;
}

// The first delimiter stands at the very beginning, or behind empty lines.
std::size_t FormScanner::feed_opening(std::string_view bytes) {
  const char byte = bytes.front();
  if (matched_ == 1 && (byte == '\r' || byte == '\n')) return 1;
  if (byte != delimiter_[matched_]) return refuse("The form does not begin with the boundary that Content-Type names.");
  if (++matched_ == delimiter_.size()) phase_ = Phase::delimiter_tail;
  return 1;
}

// Behind the boundary: the end of the line, blanks before it allowed, or "--" where the form ends.
std::size_t FormScanner::feed_delimiter_tail(char byte) {
  matched_ = 0;
  const char before = std::exchange(tail_, byte);
  if (before == '-' && byte == '-') {
    phase_ = Phase::epilogue;
    return 1;
  }
  if (before == '\r' && byte == '\n') return begin_part() ? 1 : 0;
  const bool at_begin = before == '\0';
  const bool blank = (byte == ' ' || byte == '\t') && (at_begin || before == ' ' || before == '\t');
  const bool ends_line = byte == '\r' && before != '-' && before != '\r';
  if (blank || ends_line || (byte == '-' && at_begin)) return 1;
  return refuse("A boundary of the form is followed by something else.");
}

bool FormScanner::begin_part() {
  tail_ = '\0';
  if (++parts_ > form_parts_max) return refuse("The form has too many parts.") > 0;
  phase_ = Phase::part_head;
  head_.clear();
  return true;
}

std::size_t FormScanner::feed_part_head(char byte) {
  head_.push_back(byte);
  if (head_.size() > form_part_head_bytes_max) return refuse("The headers of a part of the form are too long.");
  if (head_ != "\r\n" && !head_.ends_with("\r\n\r\n")) return 1;
  if (!begin_content()) return 0;
  phase_ = Phase::content;
  content_begin_ = position_ + 1;
  // As if behind a line feed: some take a boundary at the very beginning of a part for its end, so there is none.
  matched_ = 1;
  delimiter_after_cr_ = false;
  after_cr_ = false;
  return 1;
}

// The header lines of a part are complete: whose are they?
bool FormScanner::begin_content() {
  const FormPartHead read = read_form_part_head(std::string_view(head_).substr(0, head_.size() - 2));
  if (!read.fault.empty()) return refuse(read.fault) > 0;
  part_ = read.is_file ? Part::file : Part::other;
  if (read.name == "model") part_ = Part::model;
  if (read.name == "n" && rules_.n_max) part_ = Part::n;
  if (!is_read()) return true;
  value_.clear();
  const bool is_second = part_ == Part::model ? has_model_ : n_.has_value();
  if (!is_second && !read.is_file && !read.is_encoded) return true;
  fault_ = {"'" + read.name + (is_second ? "' appears more than once." : "' must be a plain form field."), read.name};
  return false;
}

std::size_t FormScanner::feed_content(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (matched_ == 0) {
      const std::size_t line_feed = bytes.find('\n', at);
      const std::size_t end = std::min(line_feed, bytes.size());
      if (end > at) after_cr_ = bytes[end - 1] == '\r';
      at = end;
      if (line_feed == std::string_view::npos) break;
      delimiter_after_cr_ = after_cr_;
      matched_ = 1;
      after_cr_ = false;
      ++at;
      continue;
    }
    if (bytes[at] != delimiter_[matched_]) {
      matched_ = 0;
      continue;
    }
    ++at;
    if (++matched_ < delimiter_.size()) continue;
    if (!delimiter_after_cr_) return refuse("A boundary of the form does not stand behind CR and LF.");
    if (is_read()) value_.append(bytes.substr(0, at));
    return end_part() ? at : 0;
  }
  if (!is_read()) return at;
  value_.append(bytes);
  return value_.size() <= model_name_bytes_max + delimiter_.size() + 1 ? at : refuse_value();
}

bool FormScanner::end_part() {
  phase_ = Phase::delimiter_tail;
  if (is_read()) {
    value_.resize(value_.size() - delimiter_.size() - 1);  // its carriage return stands before the line feed
    const bool taken = part_ == Part::model ? take_model() : take_n();
    if (!taken) return refuse_value() > 0;
  }
  part_ = Part::other;
  return true;
}

bool FormScanner::take_model() {
  model_value_ = {static_cast<std::size_t>(content_begin_), value_.size()};
  has_model_ = !value_.empty() && value_.size() <= model_name_bytes_max && is_plain_text(value_);
  model_ = value_;
  return has_model_;
}

bool FormScanner::take_n() {
  std::int64_t n = 0;
  const char* const end = value_.data() + value_.size();
  const auto [read_to, error] = std::from_chars(value_.data(), end, n);
  if (read_to != end || error != std::errc() || n < 1 || n > *rules_.n_max) return false;
  n_ = n;
  return true;
}

std::size_t FormScanner::feed_epilogue(char byte) {
  const bool blank = byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
  return blank ? 1 : refuse("Something follows the end of the form.");
}

std::size_t FormScanner::refuse(std::string_view message) {
  fault_ = {std::string(message), {}};
  return 0;
}

std::size_t FormScanner::refuse_value() {
  if (part_ == Part::model) {
    fault_ = {"'model' must be a text of 1 to 256 bytes.", "model"};
  } else {
    fault_ = {"'n' must be an integer of 1 to " + std::to_string(*rules_.n_max) + ".", "n"};
  }
  return 0;
}

}  // namespace obleth::wire
