// One of the requests per minute of key and tenant for every JSON-RPC request, and a place at the server, or the client
// is told at once. What an MCP call costs is no tokens. Connection's thread.
#pragma once

#include "gateway/refuse.hpp"
#include "gateway/reservation.hpp"
#include "mcp/call_states.hpp"
#include "ports/entropy.hpp"

namespace obleth::mcp {

// A stream or the end of a session is one request, as is a message that expects no answer.
Task<gateway::Outcome<Funded>> reserve_calls(Bound bound, gateway::HeldBudgets& held, ports::Entropy& entropy);

}  // namespace obleth::mcp
