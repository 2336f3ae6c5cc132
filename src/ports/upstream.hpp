// One request towards an inference server, and its answer as it arrives.
//
// Pooled connections per thread; a stale pooled connection is retried once when no byte came back. A body that cannot
// be sent twice goes out on a fresh one. All calls on the thread that sends. Views stay valid until the next call on
// the same answer.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/cancel_signal.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "domain/http_message.hpp"
#include "domain/upstream_address.hpp"

namespace obleth::ports {

using obleth::UpstreamAddress;  // domain: where to connect

// A request body that does not lie in memory (fall-through, file uploads).
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual Task<Result<std::string_view>> next() = 0;  // empty at the end
  // All of it has been given: known without waiting. False where only the next piece will tell.
  [[nodiscard]] virtual bool has_ended() const { return false; }
};

struct UpstreamCall {
  const UpstreamAddress* address = nullptr;
  // Request line and headers with framing and Host, complete with the blank line.
  std::string_view head;
  std::span<const std::string_view> body;  // leaves with the head in one writev
  BodySource* stream = nullptr;            // instead of body; framed as the head says
  bool stream_chunked = false;             // frame the stream's bytes as chunks
  bool answer_has_no_body = false;         // HEAD
  Duration head_timeout{0};  // to connect; then to the first byte of the answer (a stream: from its end on)
  Duration idle_timeout{0};  // between bytes of the answer
  CancelSignal* cancel = nullptr;
  // Set, and never cleared, by when send returns: the server may have seen something of the request. What fails while
  // it connects, or meets a connection that the server had closed, leaves it.
  bool* request_left = nullptr;

  void note_left() const {
    if (request_left != nullptr) *request_left = true;
  }
};

// The final answer (1xx are skipped). Destroyed before its end, it closes its connection at once.
class UpstreamAnswer {
 public:
  virtual ~UpstreamAnswer() = default;
  [[nodiscard]] virtual const ResponseHead& head() const = 0;  // valid until the first read()
  // Next decoded payload bytes as they arrive; empty when the answer is complete.
  // Faults: broken (cut in the middle), timed_out, bad_answer (framing), cancelled, unavailable (gateway_is_stopping).
  virtual Task<Result<std::string_view>> read() = 0;
  // Payload bytes that can be read without waiting.
  [[nodiscard]] virtual bool has_buffered() const = 0;
  // Everything has been read, and no more can come: known without waiting. False where only the next read will tell.
  [[nodiscard]] virtual bool has_ended() const { return false; }
};

// Told to what is under way, and to what comes after, when the gateway breaks everything off at its end.
[[nodiscard]] inline Fault gateway_is_stopping() {
  return {.kind = FaultKind::unavailable, .source = FaultSource::us, .message = "the gateway is stopping"};
}

class Upstream {
 public:
  virtual ~Upstream() = default;
  // Faults: unreachable, timed_out, broken (no head came), bad_answer, forbidden (address or certificate refused),
  // cancelled, unavailable (gateway_is_stopping); a fault of the stream is given on. Of the call, only cancel is used
  // after send has returned.
  virtual Task<Result<std::unique_ptr<UpstreamAnswer>>> send(const UpstreamCall& call) = 0;
};

}  // namespace obleth::ports
