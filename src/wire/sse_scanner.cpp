#include "wire/sse_scanner.hpp"

#include <algorithm>
#include <utility>

#include "wire/byte_order_mark.hpp"
#include "wire/sse_event.hpp"

namespace obleth::wire {
namespace {

constexpr std::int64_t bytes_per_token = 4;
constexpr std::size_t looked_at_each_time_bytes = 1024;

void give(std::string_view piece, std::vector<std::string_view>& out) {
  if (!piece.empty()) out.push_back(piece);
}

}  // namespace

SseScanner::SseScanner(bool strip_usage_event, const DialectRules& rules)
    : strip_usage_event_(strip_usage_event), rules_(&rules) {}

void SseScanner::feed(std::string_view bytes, std::vector<std::string_view>& out) {
  released_.clear();
  if (!bytes.empty() && std::exchange(skip_line_feed_, false) && bytes.front() == '\n') bytes.remove_prefix(1);
  if (mark_passed_ < byte_order_mark.size()) bytes.remove_prefix(pass_mark(bytes, out));
  std::size_t given = 0;  // bytes that are in out, or taken out
  std::size_t at = 0;     // where the next event begins
  while (at < bytes.size()) {
    const std::size_t length = boundary_.find_end(bytes.substr(at));
    if (length == std::string_view::npos) break;
    const std::string_view part = bytes.substr(at, length);
    const std::size_t kept = event_.size();
    if (complete_event(part)) {
      give(bytes.substr(given, at - given), out);
      give_remarks(part, out);
      given = at + length;
      skip_line_feed_ = given == bytes.size() && part.ends_with('\r');
    } else {
      release(kept, out);
    }
    begin_event();
    at += length;
  }
  if (at < bytes.size()) at += keep_incomplete(bytes.substr(at), out);
  give(bytes.substr(given, at - given), out);
}

void SseScanner::finish(std::vector<std::string_view>& out) {
  released_.clear();
  if (passing_) note_passing();
  read_event(event_, false);
  release(event_.size(), out);
  sent_ = event_.size();
}

bool SseScanner::at_event_boundary() const {
  return sent_ == 0 && !passing_;
}

std::optional<TokenUsage> SseScanner::usage() const {
  const std::optional<ExtractedUsage> found = normalised(figures_);
  return found ? std::optional(found->usage) : std::nullopt;
}

CountedOutput SseScanner::counted_output() const {
  return {.events = {content_events_}, .by_bytes = {content_bytes_ / bytes_per_token}};
}

// What a stream begins with of a mark, at any split: readers skip it.
std::size_t SseScanner::pass_mark(std::string_view bytes, std::vector<std::string_view>& out) {
  const auto differs = std::ranges::mismatch(bytes, byte_order_mark.substr(mark_passed_)).in1;
  const auto passed = static_cast<std::size_t>(differs - bytes.begin());
  give(bytes.substr(0, passed), out);
  mark_passed_ = passed == bytes.size() ? mark_passed_ + passed : byte_order_mark.size();
  return passed;
}

bool SseScanner::complete_event(std::string_view part) {
  if (passing_) {
    passing_->usage.feed(part);
    passing_->beginning.has_content = true;
    note_passing();
    return false;
  }
  if (event_.empty()) {
    read_event(part, boundary_.single_line());
  } else {
    event_ += part;
    read_event(event_, boundary_.single_line());
  }
  return strip_usage_event_ && undecided_ && usage_only_;
}

void SseScanner::read_event(std::string_view event, bool single_line) {
  std::string joined;
  const std::string_view payload = single_line ? sse_payload_of_line(event) : sse_payload(event, joined);
  note(read_sse_payload(payload, *rules_, pattern_));
}

void SseScanner::note(const SsePayloadReading& reading) {
  usage_only_ = reading.usage_only;
  done_seen_ = done_seen_ || reading.done;
  content_events_ += reading.has_content ? 1 : 0;
  content_bytes_ += reading.content_bytes;
  if (reading.number) next_number_ = saturating_add(*reading.number, 1);
  figures_.take(reading.usage);
}

void SseScanner::note_passing() {
  passing_->beginning.usage = passing_->usage.figures();
  note(passing_->beginning);
}

void SseScanner::become_passing() {
  std::string joined;
  const std::string_view payload = sse_payload(event_, joined);
  passing_ = std::make_unique<PassingEvent>(read_sse_payload(payload, *rules_, pattern_), UsageTokenizer(*rules_));
  passing_->usage.feed(payload);
  std::string().swap(event_);
}

void SseScanner::begin_event() {
  event_.clear();
  sent_ = 0;
  next_look_ = 0;
  undecided_ = true;
  passing_.reset();
}

void SseScanner::release(std::size_t up_to, std::vector<std::string_view>& out) {
  if (up_to <= sent_) return;
  released_.assign(event_, sent_, up_to - sent_);
  out.push_back(released_);
}

void SseScanner::give_remarks(std::string_view part, std::vector<std::string_view>& out) {
  std::string_view event = part;
  if (!event_.empty()) {
    released_ = std::move(event_);
    event = released_;
  }
  for (std::size_t at = 0; at < event.size();) {
    const std::string_view line = sse_line(event, at);
    at += line.size();
    const bool blank = line.front() == '\n' || line.front() == '\r';
    if (blank || may_be_field_line(line)) continue;
    const std::size_t already = sent_ > at - line.size() ? sent_ - (at - line.size()) : 0;
    give(line.substr(std::min(already, line.size())), out);
  }
}

std::size_t SseScanner::keep_incomplete(std::string_view tail, std::vector<std::string_view>& out) {
  if (passing_) {
    passing_->usage.feed(tail);
    return tail.size();
  }
  const std::size_t kept = event_.size();
  event_ += tail;
  const std::size_t sendable = held_from();
  release(std::min(sendable, kept), out);
  sent_ = sendable;
  if (event_.size() > sse_held_bytes_max) become_passing();
  return sendable > kept ? sendable - kept : 0;
}

// Comments go on at once; fields wait for as long as their event may become the usage-only one.
std::size_t SseScanner::held_from() {
  if (!strip_usage_event_ || !undecided_ || event_.size() > sse_held_bytes_max) return event_.size();
  for (std::size_t at = 0; at < event_.size();) {
    const std::string_view line = sse_line(event_, at);
    if (may_be_field_line(line)) {
      if (event_.size() < next_look_) return at;
      std::string joined;
      undecided_ = may_become_usage_only(sse_payload(event_, joined));
      // A long one is looked at again when it has grown by a sixteenth, so that tiny pieces do not cost their square.
      next_look_ = event_.size() + (event_.size() > looked_at_each_time_bytes ? event_.size() / 16 : 0);
      return undecided_ ? at : event_.size();
    }
    at += line.size();
  }
  return event_.size();
}

}  // namespace obleth::wire
