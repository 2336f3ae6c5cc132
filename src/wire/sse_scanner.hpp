// Watches a stream of server-sent events pass, at any split of the bytes, and can take one event out.
//
// Events end at a blank line made of LF, CRLF or CR. What may be the usage-only event ("choices":[] with usage) is held
// back until it is decided, at most 64 KiB; everything else passes at once, unchanged. Of a longer event (a picture, a
// whole response at its end) the beginning and the usage are read. Pure; one per stream.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/tokens.hpp"
#include "wire/sse_event.hpp"

namespace obleth::wire {

inline constexpr std::size_t sse_held_bytes_max = 64 * 1024;

class SseScanner {
 public:
  // strip_usage_event: the client did not ask for usage, obleth did.
  explicit SseScanner(bool strip_usage_event, const DialectRules& rules = rules_of(Dialect::any));

  // Appends to out the pieces that may go on now: views into bytes, or into memory of the scanner that lives until the
  // next call. In order, unchanged, nothing added.
  void feed(std::string_view bytes, std::vector<std::string_view>& out);
  // The stream ended: what was held back goes out as it is.
  void finish(std::vector<std::string_view>& out);

  [[nodiscard]] const UsageFigures& figures() const { return figures_; }  // of all events, the last seen
  [[nodiscard]] std::optional<TokenUsage> usage() const;                  // what they come to
  // False: of what was generated nothing was told yet (a stream of messages that broke off), and usage() has none.
  [[nodiscard]] bool output_told() const { return figures_.output || figures_.total; }
  [[nodiscard]] bool done_seen() const { return done_seen_; }  // the event that ends a stream of this dialect
  [[nodiscard]] std::int64_t next_number() const { return next_number_; }  // sequence_number of the event to come
  [[nodiscard]] std::int64_t content_events() const {
    return content_events_;
  }  // events with choices that carry content
  [[nodiscard]] std::int64_t content_bytes() const { return content_bytes_; }
  [[nodiscard]] bool at_event_boundary() const;  // else an added event starts with a blank line
  // Generated so far.
  [[nodiscard]] CountedOutput counted_output() const;

 private:
  [[nodiscard]] std::size_t pass_mark(std::string_view bytes, std::vector<std::string_view>& out);
  // Takes what was still missing of an event; answers whether the event is to be taken out.
  bool complete_event(std::string_view part);
  void read_event(std::string_view event, bool single_line);
  void note(const SsePayloadReading& reading);
  // An event that passed its bound: what its beginning said, and its usage, which is looked for as it passes.
  struct PassingEvent {
    SsePayloadReading beginning;
    UsageTokenizer usage;
  };
  void note_passing();
  // From here on the event is not kept.
  void become_passing();
  void begin_event();
  // Gives out what was held back of the first bytes of the event.
  void release(std::size_t up_to, std::vector<std::string_view>& out);
  // Of a usage-only event, its comments: readers pass them over inside of the next event too. A field, or the blank
  // line, would make an event without data of what is left.
  void give_remarks(std::string_view part, std::vector<std::string_view>& out);
  // Keeps the beginning of an event that has not ended; answers how many bytes of it may go on already.
  std::size_t keep_incomplete(std::string_view tail, std::vector<std::string_view>& out);
  [[nodiscard]] std::size_t held_from();

  bool strip_usage_event_;
  bool done_seen_ = false;
  bool usage_only_ = false;      // the event read last
  bool undecided_ = true;        // the incomplete event can still be the usage-only one
  bool skip_line_feed_ = false;  // the event taken out ended in CR: an LF that follows belongs to it
  SseBoundary boundary_;
  std::size_t mark_passed_ = 0;  // bytes of a byte order mark; all of them: it, or something else, has been seen
  std::size_t sent_ = 0;         // bytes of event_ that have gone on
  std::size_t next_look_ = 0;    // at event_, when it has this size
  std::string event_;            // the incomplete event
  SsePattern pattern_;
  std::string released_;  // what was held back and goes on with this call
  const DialectRules* rules_;
  UsageFigures figures_;
  std::unique_ptr<PassingEvent> passing_;  // an event that is not kept; none: it is
  std::int64_t next_number_ = 0;
  std::int64_t content_events_ = 0;
  std::int64_t content_bytes_ = 0;
};

}  // namespace obleth::wire
