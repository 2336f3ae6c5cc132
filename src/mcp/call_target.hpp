// Paths of MCP calls: what a client's target asks of which server, and where that lies at the server. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mcp/server_registry.hpp"

namespace obleth::mcp {

// "/mcp/files/message?sessionId=1": files, message, sessionId=1.
struct CallTarget {
  std::string server;
  std::string rest;   // raw, behind the server's name, without a slash before it; empty: none
  std::string query;  // raw, without the question mark
  std::string path;   // normalised, as it is matched
};

// A path that may be below /mcp; cheap, and never wrong about one that is.
[[nodiscard]] bool may_lead_here(std::string_view raw_target);
// nullopt: not below /mcp, or a path that makes no sense.
[[nodiscard]] std::optional<CallTarget> read_call_target(std::string_view raw_target);

// The target at the server.
[[nodiscard]] std::string upstream_target(const RegisteredServer& server, const CallTarget& target);
// The gateway's target for one at the server: "/message?sessionId=1" is /mcp/files/message?sessionId=1.
[[nodiscard]] std::string gateway_target(const RegisteredServer& server, std::string_view at_server);
// What sessions of the older transport are named by: the path as it is matched, and the query as it came.
[[nodiscard]] std::string session_target(const CallTarget& target);
// It names a session by one of the usual parameters.
[[nodiscard]] bool names_session(const CallTarget& target);

}  // namespace obleth::mcp
