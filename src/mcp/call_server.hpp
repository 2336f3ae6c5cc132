// The call leaves for its server, as it came but for the credentials: the client's key stays here, the server's own
// goes along. Connection's thread.
#pragma once

#include "gateway/policy.hpp"
#include "gateway/refuse.hpp"
#include "mcp/call_states.hpp"
#include "mcp/session_binding.hpp"
#include "ports/upstream.hpp"

namespace obleth::mcp {

struct ServerDoors {
  ports::Upstream& upstream;
  const gateway::Policy& policy;
  SessionSources sessions;
};

using ServerAnswer = Result<std::unique_ptr<ports::UpstreamAnswer>>;

// One request of the call's method to its target at the server, with this body; nullopt: none. request_left: as in
// ports::UpstreamCall.
Task<ServerAnswer> send_to_server(const Bound& call, std::optional<std::string_view> body, ServerDoors doors,
                                  CancelSignal& cancel, bool* request_left = nullptr);

// Follows a redirection within the server, and passes none on. What the requests cost is settled once the server has
// answered.
Task<gateway::Outcome<Answered>> call_server(Permitted permitted, ServerDoors doors);

}  // namespace obleth::mcp
