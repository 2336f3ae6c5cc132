#include "mcp/refuse_call.hpp"

#include <array>
#include <utility>

namespace obleth::mcp {
namespace {

using gateway::Refusal;

constexpr std::string_view request_type = "invalid_request_error";
constexpr std::string_view server_type = "upstream_error";
constexpr Duration busy_retry_after = std::chrono::seconds(1);

struct CodeOf {
  std::string_view name;
  std::int64_t code;
};
constexpr std::array<CodeOf, 6> codes = {{
    {"not_json", rpc_parse_error},
    {"not_json_rpc", rpc_invalid_request},
    {"tool_not_allowed", rpc_invalid_params},
    {"session_not_found", rpc_session_or_timeout},
    {"upstream_timeout", rpc_session_or_timeout},
    {"request_too_large", rpc_invalid_request},
}};

std::int64_t code_of(const Refusal& refusal) {
  for (const CodeOf& known : codes) {
    if (known.name == refusal.code) return known.code;
  }
  return rpc_failed;
}

std::string origin_of(const Refusal& refusal) {
  std::string extra = R"(,"data":{"type":")";
  extra.append(refusal.type).append(R"(","code":)");
  if (refusal.code.empty()) return extra + "null}";
  return extra.append("\"").append(refusal.code).append("\"}");
}

void append_error(std::string& out, const Refusal& refusal, const NotedMessage* message) {
  const std::string extra = origin_of(refusal);
  wire::RpcError error{.code = code_of(refusal), .message = refusal.message, .extra = extra};
  std::string told;
  if (message != nullptr) {
    error.id = message->id;
    if (message->denied) {
      told = "The tool '" + message->tool.value_or(std::string()) +
             "' is not available to this key. tools/list shows those that are.";
      error.message = told;
    } else if (refusal.code == "tool_not_allowed") {
      told = "Not sent: another call of this batch is not allowed.";
      error.message = told;
      error.code = rpc_invalid_request;
    }
  }
  wire::append_rpc_error(out, error);
}

std::string named(std::string_view server) {
  return "The MCP server '" + std::string(server) + "'";
}

}  // namespace

Refusal unknown_server(std::string_view name) {
  return {.status = 404,
          .type = request_type,
          .code = "mcp_server_not_found",
          .message = named(name) +
                     " does not exist or this key may not use it. An operator registers one with POST "
                     "/api/v1/mcp-servers or `obleth mcp create`."};
}

Refusal unknown_session() {
  return {.status = 404,
          .type = request_type,
          .code = "session_not_found",
          .message = "Session not found: open a new one with initialize."};
}

Refusal not_json_rpc(wire::RpcFault fault) {
  switch (fault) {
    case wire::RpcFault::not_json:
      return {.status = 400, .type = request_type, .code = "not_json", .message = "The body is not valid JSON."};
    case wire::RpcFault::too_many:
      return {.status = 400,
              .type = request_type,
              .code = "not_json_rpc",
              .message = "A batch may hold at most " + std::to_string(wire::rpc_batch_max) + " messages."};
    case wire::RpcFault::not_rpc:
      break;
  }
  return {.status = 400,
          .type = request_type,
          .code = "not_json_rpc",
          .message = "The body is not a JSON-RPC 2.0 message, or it gives one of its members twice."};
}

Refusal server_busy() {
  return {.status = 429,
          .type = "overloaded_error",
          .code = "queue_full",
          .message = "The MCP server has as many calls as it may. Try again shortly.",
          .retry_after = busy_retry_after};
}

Refusal tools_denied() {
  return {.status = 200,
          .type = "permission_error",
          .code = "tool_not_allowed",
          .message = "The tool is not available to this key."};
}

Refusal from_server_fault(const Fault& fault, std::string_view server) {
  switch (fault.kind) {
    case FaultKind::cancelled:
      return gateway::client_gone();
    case FaultKind::unavailable:
      return gateway::draining();
    case FaultKind::timed_out:
      return {.status = 504,
              .type = server_type,
              .code = "upstream_timeout",
              .message = named(server) + " did not answer in time."};
    case FaultKind::bad_answer:
      return bad_answer(server, "is not valid HTTP");
    case FaultKind::broken:
      return {.status = 502,
              .type = server_type,
              .code = "upstream_unreachable",
              .message = named(server) + " closed the connection before it had answered."};
    default:
      return {.status = 502,
              .type = server_type,
              .code = "upstream_unreachable",
              .message = named(server) + " cannot be reached."};
  }
}

Refusal credential_refused(std::string_view server, bool one_was_sent) {
  return {.status = 502,
          .type = server_type,
          .code = "upstream_auth_failed",
          .message =
              named(server) +
              (one_was_sent ? " refused the gateway's credential. Ask your operator to check the server's auth_header."
                            : " asks for a credential, and the gateway has none for it. Ask your operator to set the "
                              "server's auth_header.")};
}

Refusal bad_answer(std::string_view server, std::string_view what) {
  return {.status = 502,
          .type = server_type,
          .code = "bad_upstream_response",
          .message = "What " + named(server).replace(0, 1, "t") + " answered " + std::string(what) + "."};
}

std::string render_refusal(const Refusal& refusal, const CallNotes& notes) {
  std::string body;
  if (!notes.batch || notes.requests() == 0) {
    const auto asked = std::ranges::find_if(notes.messages, &NotedMessage::is_request);
    append_error(body, refusal, asked == notes.messages.end() ? nullptr : &*asked);
    return body;
  }
  body += '[';
  for (const NotedMessage& message : notes.messages) {
    if (!message.is_request()) continue;
    if (body.size() > 1) body += ',';
    append_error(body, refusal, &message);
  }
  return body + "]";
}

std::string render_owed_events(const Refusal& refusal, const CallNotes& notes, bool at_event_boundary) {
  std::string events;
  for (const NotedMessage& message : notes.messages) {
    if (!message.is_request() || message.answered) continue;
    events += events.empty() && !at_event_boundary ? "\n\n" : "";
    events += "event: message\ndata: ";
    append_error(events, refusal, &message);
    events += "\n\n";
  }
  return events;
}

Task<void> send_call_refusal(ports::ClientExchange& exchange, const Refusal& refusal, const CallNotes& notes,
                             std::string head_lines) {
  if (!notes.speaks_rpc) {
    co_await gateway::send_refusal(exchange, refusal, wire::ErrorDialect::openai, std::move(head_lines));
    co_return;
  }
  if (refusal.client_gone || exchange.departure().fired()) co_return;
  head_lines += "Content-Type: application/json\r\n";
  head_lines += refusal.extra_headers;
  if (refusal.retry_after) gateway::append_retry_after(head_lines, *refusal.retry_after);
  const std::string body = render_refusal(refusal, notes);
  const Result<void> sent = co_await exchange.start(refusal.status, head_lines, body.size(), body);
  if (!sent) co_return;
  const Result<void> finished = co_await exchange.finish({});
  static_cast<void>(finished);  // a client that leaves while it is being refused misses nothing that we keep
}

}  // namespace obleth::mcp
