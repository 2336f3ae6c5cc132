// Every tools/call names a tool that the caller may use, or nothing is sent at all. Connection's thread.
#pragma once

#include "gateway/refuse.hpp"
#include "mcp/call_server.hpp"
#include "mcp/call_states.hpp"

namespace obleth::mcp {

// On the older transport a client looks for its answer on its stream alone, which is the server's to write: the server
// is asked for a tool that it does not have, and says so there, at once.
Task<gateway::Outcome<Permitted>> check_tools(Funded funded, ServerDoors doors);

// What the server is asked instead: a call with this one's id, of nothing.
[[nodiscard]] std::string stand_in_for(const NotedMessage& message);

}  // namespace obleth::mcp
