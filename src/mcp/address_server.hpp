// The first stages of an MCP call: is it one, where may it come from, which server is meant, and may this key use it?
// On the head alone, before any of the body is read. Connection's thread.
#pragma once

#include "gateway/policy.hpp"
#include "gateway/receive_request.hpp"
#include "gateway/refuse.hpp"
#include "mcp/call_states.hpp"

namespace obleth::mcp {

// POST, GET and DELETE are MCP's methods. A browser's page may call only from an origin that the operator named, or
// from this machine to this machine: DNS rebinding leads no page to a server behind the gateway.
[[nodiscard]] gateway::Outcome<Received> receive_call(const gateway::Arrival& arrival, CallNotes& notes,
                                                      const gateway::Policy& policy);

// A server that is unknown, switched off, or not this caller's to use is 404 alike.
[[nodiscard]] gateway::Outcome<Addressed> address_server(Identified identified, const ServerRegistry& registry);

}  // namespace obleth::mcp
