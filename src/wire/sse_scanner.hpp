// Watches a stream of server-sent events pass, at any split of the bytes, and can take one event out.
//
// Events end at a blank line made of LF, CRLF or CR. What may be the usage-only event ("choices":[] with usage) is held
// back until it is decided, at most 64 KiB; everything else passes at once, unchanged. Pure; one per stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/tokens.hpp"
#include "wire/usage_extract.hpp"

namespace obleth::wire {

class SseScanner {
 public:
  // strip_usage_event: the client did not ask for usage, obleth did.
  explicit SseScanner(bool strip_usage_event);

  // Appends to out the pieces that may go on now: views into bytes, or into memory of the scanner that lives until the
  // next call. In order, unchanged, nothing added.
  void feed(std::string_view bytes, std::vector<std::string_view>& out);
  // The stream ended: what was held back goes out as it is.
  void finish(std::vector<std::string_view>& out);

  [[nodiscard]] const std::optional<TokenUsage>& usage() const { return usage_; }  // the last one seen
  [[nodiscard]] bool done_seen() const { return done_seen_; }                      // data: [DONE]
  [[nodiscard]] std::int64_t content_events() const {
    return content_events_;
  }  // events with choices that carry content
  [[nodiscard]] std::int64_t content_bytes() const { return content_bytes_; }
  [[nodiscard]] bool at_event_boundary() const;  // else an added event starts with a blank line
  // Generated so far, counted: content events or bytes / 4, the larger.
  [[nodiscard]] OutputTokens counted_output() const;
  [[nodiscard]] bool usage_clamped() const { return usage_clamped_; }

 private:
  struct Machine;
  bool strip_usage_event_;
  std::optional<TokenUsage> usage_;
  bool done_seen_ = false;
  bool usage_clamped_ = false;
  std::int64_t content_events_ = 0;
  std::int64_t content_bytes_ = 0;
  // The implementer's own members follow; keep them few: one scanner lives in every stream.
};

}  // namespace obleth::wire
