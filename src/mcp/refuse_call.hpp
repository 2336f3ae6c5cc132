// Refusals as MCP clients understand them: JSON-RPC errors with the ids of what was asked, under the HTTP status that
// every other client would get. Connection's thread.
#pragma once

#include <string>

#include "gateway/refuse.hpp"
#include "mcp/call_notes.hpp"

namespace obleth::mcp {

// The errors' codes (JSON-RPC 2.0 §5.1; MCP, "Error handling").
inline constexpr std::int64_t rpc_parse_error = -32700;
inline constexpr std::int64_t rpc_invalid_request = -32600;
inline constexpr std::int64_t rpc_invalid_params = -32602;
inline constexpr std::int64_t rpc_session_or_timeout = -32001;  // as the SDKs tell both
inline constexpr std::int64_t rpc_failed = -32000;

[[nodiscard]] gateway::Refusal unknown_server(std::string_view name);
[[nodiscard]] gateway::Refusal unknown_session();
[[nodiscard]] gateway::Refusal not_json_rpc(wire::RpcFault fault);
[[nodiscard]] gateway::Refusal server_busy();
// HTTP 200, as the spec of tools asks: which calls were denied is in the notes.
[[nodiscard]] gateway::Refusal tools_denied();
// A fault of the server before its answer began.
[[nodiscard]] gateway::Refusal from_server_fault(const Fault& fault, std::string_view server);
// It answered 401, or 403 to a credential of the gateway's.
[[nodiscard]] gateway::Refusal credential_refused(std::string_view server, bool one_was_sent);
[[nodiscard]] gateway::Refusal bad_answer(std::string_view server, std::string_view what);

// The body for a refusal: one error, or one for every request of a batch.
[[nodiscard]] std::string render_refusal(const gateway::Refusal& refusal, const CallNotes& notes);
// The errors of what was asked and not answered yet, as events of a stream; empty where nothing is owed.
[[nodiscard]] std::string render_owed_events(const gateway::Refusal& refusal, const CallNotes& notes,
                                             bool at_event_boundary);

// head_lines: what every answer of this exchange carries.
Task<void> send_call_refusal(ports::ClientExchange& exchange, const gateway::Refusal& refusal, const CallNotes& notes,
                             std::string head_lines);

}  // namespace obleth::mcp
