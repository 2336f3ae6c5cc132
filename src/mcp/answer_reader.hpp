// Looks at what a server answers while it passes, and changes the two things that may not pass as they are: tools that
// the caller may not use, and the URL that the older transport announces. One answer; the connection's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/body_memory.hpp"
#include "mcp/call_notes.hpp"
#include "mcp/tool_policy.hpp"
#include "wire/sse_splitter.hpp"

namespace obleth::mcp {

// Marks the requests that a message, or a batch of them, answers.
void note_answers(CallNotes& notes, std::string_view json);

// A stream of events on its way.
class StreamReader {
 public:
  struct Duties {
    bool filters_tools = false;    // every event is held until it is whole
    bool awaits_endpoint = false;  // the first event is
  };
  StreamReader(Duties duties, const ToolPolicy& tools, CallNotes& notes, gateway::BodyMemory::Lease lease)
      : duties_(duties), tools_(tools), notes_(notes), lease_(std::move(lease)) {}

  enum class Step : std::uint8_t {
    passed,
    endpoint,   // an endpoint event stands still: place_endpoint() says what to make of it
    too_large,  // an event that would have to be held is beyond every bound
    not_json,   // a message whose tools cannot be told
  };
  // Appends to out what may go on. Stops at an endpoint event; the rest of the bytes is fed again.
  Step feed(std::string_view& bytes, std::string& out);
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  void place_endpoint(std::string_view told, std::string& out);

  // An event had an id: a client that loses the stream asks for the rest of it.
  [[nodiscard]] bool may_be_resumed() const { return may_be_resumed_; }
  [[nodiscard]] bool at_event_boundary() const { return splitter_.at_event_boundary(); }

 private:
  [[nodiscard]] bool holds() const { return duties_.filters_tools || duties_.awaits_endpoint; }
  void stop_awaiting(std::size_t more, std::string& out);
  bool keep(std::string_view part);
  Step finish_event(std::string& out);
  void pass_mark(std::string& out);

  Duties duties_;
  const ToolPolicy& tools_;
  CallNotes& notes_;
  gateway::BodyMemory::Lease lease_;  // of events that are larger than usual
  wire::SseSplitter splitter_;
  std::string event_;    // what has come of it; of one that passes, only as long as it is looked at
  bool unread_ = false;  // it is larger than what is looked at
  bool is_first_ = true;
  bool may_be_resumed_ = false;
  std::string endpoint_;
};

}  // namespace obleth::mcp
