// Cuts a stream of server-sent events into events, at any split of the bytes, and rewrites single ones. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "wire/sse_event.hpp"

namespace obleth::wire {

// One per stream.
class SseSplitter {
 public:
  // A part of the stream as it came; ends: the last part of its event, with the blank line. False: enough.
  using Take = std::function<bool(std::string_view part, bool ends)>;
  // Answers whether every part was taken.
  bool feed(std::string_view bytes, const Take& take);
  // Nothing of an event has come since the last one ended.
  [[nodiscard]] bool at_event_boundary() const { return at_boundary_; }

 private:
  SseBoundary boundary_;
  bool at_boundary_ = true;
};

// The value of the last "event:" line; empty: none, and so a message.
[[nodiscard]] std::string_view sse_event_name(std::string_view event);
// It has a name of its own, by which a client that lost the stream asks for what follows it (Last-Event-ID).
[[nodiscard]] bool has_sse_id(std::string_view event);
// It has neither data nor a name: a comment, or an id alone.
[[nodiscard]] bool is_sse_remark(std::string_view event);
// The event with other data, on one line; its other lines, and how lines end, stay.
[[nodiscard]] std::string with_sse_payload(std::string_view event, std::string_view payload);

}  // namespace obleth::wire
