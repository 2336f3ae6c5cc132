// What went wrong, whose fault it was, and whether trying again can help.
//
// One value for every fault that crosses a module. gateway/refuse turns it into an HTTP answer, mcp/refuse_call that of
// an MCP server, admin/reply into the Management API's error body. Nothing else maps faults to statuses.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/seldom_text.hpp"

namespace obleth {

enum class FaultSource : std::uint8_t { client, upstream, store, us };

// The case, as specific as a caller may need to tell apart.
enum class FaultKind : std::uint8_t {
  invalid,      // the bytes or values make no sense: 400
  too_large,    // a bound of ours was passed
  timed_out,    // a deadline of ours passed
  unreachable,  // refused, no route, no address
  broken,       // the peer closed or reset in the middle
  bad_answer,   // the peer answered what its protocol does not allow
  cancelled,    // the waiter was told to stop: its client has gone
  not_found,
  conflict,     // name taken, still referenced
  forbidden,    // a policy of the operator refuses it (private address, control path)
  unavailable,  // a store cannot answer now; of an upstream: ports::gateway_is_stopping, and nothing else
  exhausted,    // a resource of ours is used up (memory, descriptors, disk)
  internal,     // a bug of ours that did not break an invariant
};

struct Fault {
  FaultKind kind = FaultKind::internal;
  FaultSource source = FaultSource::us;
  bool may_retry = false;
  std::string message;  // says what to do; never holds a secret, a prompt or an answer
  SeldomText field;     // the request member or setting at fault, or empty
};

[[nodiscard]] inline Fault client_fault(FaultKind kind, std::string message, SeldomText field = {}) {
  return {kind, FaultSource::client, false, std::move(message), std::move(field)};
}
[[nodiscard]] inline Fault upstream_fault(FaultKind kind, std::string message, bool may_retry) {
  return {kind, FaultSource::upstream, may_retry, std::move(message), {}};
}
[[nodiscard]] inline Fault store_fault(FaultKind kind, std::string message) {
  return {kind, FaultSource::store, kind == FaultKind::unavailable, std::move(message), {}};
}

}  // namespace obleth
