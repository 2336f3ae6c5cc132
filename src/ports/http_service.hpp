// What an HTTP listener serves, and one request with its answer as the service sees it.
//
// The listener owns sockets, framing, time-outs and limits of the head; the service decides everything else.
// All calls on the connection's thread. Views returned stay valid until the next call on the same exchange.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/cancel_signal.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/strong_id.hpp"
#include "base/task.hpp"
#include "domain/http_message.hpp"

namespace obleth::ports {

enum class AbortBy : std::uint8_t { fin, reset };

class ClientExchange {
 public:
  virtual ~ClientExchange() = default;

  // Valid until the exchange ends, or until it is forgotten.
  [[nodiscard]] virtual const RequestHead& head() const = 0;
  [[nodiscard]] virtual Instant received_at() const = 0;  // when the head was complete
  // The client's address; what a trusted proxy told, where there is one.
  [[nodiscard]] virtual std::string_view client_address() const = 0;
  // A number that stands for the client's IPv4 address or its IPv6 network (/64); nothing where all that is known is a
  // trusted proxy.
  [[nodiscard]] virtual std::optional<std::uint64_t> client_network() const { return std::nullopt; }

  // Next decoded bytes of the body; empty at its end. 100-continue is answered by the first call.
  // Faults: invalid (bad chunk), too_large (limit passed), timed_out (stalled), broken (client gone).
  virtual Task<Result<std::string_view>> read_body() = 0;
  // Bytes beyond which read_body answers too_large. Set before the first read_body; the default is the listener's.
  virtual void limit_body(std::uint64_t bytes_max) = 0;

  // Fired when the client leaves (FIN or reset), at any await, also while no read or write of ours is pending.
  [[nodiscard]] virtual CancelSignal& departure() = 0;

  // The answer: head_lines is complete header text ("name: value\r\n"…) without framing, Connection and Date, which the
  // listener adds. content_length absent: chunked, or close-delimited for HTTP/1.0. Head and first bytes leave in one
  // write.
  virtual Task<Result<void>> start(int status, std::string_view head_lines, std::optional<std::uint64_t> content_length,
                                   std::string_view first) = 0;
  virtual Task<Result<void>> write(std::string_view bytes) = 0;
  // Ends the answer. Not called after a broken one: destroying the exchange unfinished closes the connection.
  virtual Task<Result<void>> finish(std::string_view last) = 0;

  [[nodiscard]] virtual bool started() const = 0;
  // After start: nobody asks for the head or the client's address any more. A stream then does not hold them.
  virtual void forget_head() {}
  // Sent as Connection: close, and the connection ends after this answer.
  virtual void close_after() = 0;
  // Ends the connection at once, with no answer or in the middle of one; nothing may be called afterwards. Only the
  // mock upstream does this.
  virtual void abort_connection(AbortBy) { close_after(); }
};

// What never became a request, as the listener has answered it by itself. Views: during the call.
struct RefusedHead {
  Bits128 id;  // told as x-obleth-request-id
  int status = 400;
  std::string_view error;   // its name, as in the answer: a word of the code
  std::string_view reason;  // static text, for a person
  std::string_view client_address;
};

class HttpService {
 public:
  virtual ~HttpService() = default;
  // Returns when the answer is complete or broken. A body left unread is drained or the connection closed by the
  // listener.
  virtual Task<void> serve(ClientExchange& exchange) = 0;
  // Of a head that the grammar refuses, that came too slowly, or for which there was no room: to count and to log.
  virtual void note_refused(const RefusedHead&) {}
};

}  // namespace obleth::ports
