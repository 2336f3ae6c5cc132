#include "mcp/record_call.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_string.hpp"
#include "domain/key_text.hpp"
#include "gateway/report_usage.hpp"
#include "mcp/refuse_call.hpp"
#include "observe/request_log.hpp"
#include "wire/json_text.hpp"

namespace obleth::mcp {
namespace {

constexpr std::size_t tool_name_bytes_max = 200;
constexpr std::int64_t code_bound = 99'999;
constexpr std::string_view other = "other";

// MCP's methods, up to its revision of November 2025: what clients make up is no label.
constexpr std::array<std::string_view, 31> methods = {"initialize",
                                                      "ping",
                                                      "tools/list",
                                                      "tools/call",
                                                      "resources/list",
                                                      "resources/read",
                                                      "resources/templates/list",
                                                      "resources/subscribe",
                                                      "resources/unsubscribe",
                                                      "prompts/list",
                                                      "prompts/get",
                                                      "completion/complete",
                                                      "logging/setLevel",
                                                      "tasks/get",
                                                      "tasks/list",
                                                      "tasks/result",
                                                      "tasks/cancel",
                                                      "server/discover",
                                                      "sampling/createMessage",
                                                      "elicitation/create",
                                                      "roots/list",
                                                      "notifications/initialized",
                                                      "notifications/cancelled",
                                                      "notifications/progress",
                                                      "notifications/message",
                                                      "notifications/roots/list_changed",
                                                      "notifications/tasks/status",
                                                      "notifications/elicitation/complete",
                                                      "subscriptions/listen",
                                                      "messages/listen",
                                                      "response"};

std::string_view method_of(const NotedMessage& message) {
  if (message.kind == wire::RpcKind::response) return "response";
  const auto* const known = std::ranges::find(methods, message.method);
  return known == methods.end() ? other : *known;
}

std::string text_of_code(std::int64_t code) {
  return code >= -code_bound && code <= code_bound ? std::to_string(code) : "rpc_error";
}

// As rows, log, audit and counters have it: no key, whole characters, and no NUL, which PostgreSQL has none of.
// tool: UTF-8.
std::string shown_tool(std::string_view tool) {
  tool = without_key(tool);
  std::string kept;
  while (!tool.empty()) {
    const std::size_t bytes = std::max<std::size_t>(wire::first_utf8_character(tool).bytes, 1);
    if (kept.size() + bytes > tool_name_bytes_max) break;
    kept += tool.front() == '\0' ? std::string_view("?") : tool.substr(0, bytes);
    tool.remove_prefix(bytes);
  }
  return kept;
}

UsageRecord row_of(const CallNotes& notes, const NotedMessage& message, ports::Entropy& entropy) {
  UsageRecord row = notes.record;
  if (&message != &notes.messages.front()) row.event_id = EventId{entropy.bits128()};
  row.mcp_method = method_of(message);
  if (message.tool) row.mcp_tool = shown_tool(*message.tool);
  if (message.denied) row.error_code = text_of_code(rpc_invalid_params);
  if (row.error_code.empty() && message.error_code) row.error_code = text_of_code(*message.error_code);
  return row;
}

std::string_view outcome_of(const CallNotes& notes, const UsageRecord& row, const NotedMessage& message) {
  if (message.denied) return "denied";
  if (row.admission == AdmissionOutcome::refused) return "refused";
  if (!row.error_code.empty() || row.status >= 400) return "error";
  // Its answer comes on another stream, or, of a notification, not at all.
  if (!message.answered) return notes.partly_unread ? "unread" : "accepted";
  return message.tool_failed ? "tool_error" : observe::tool_call_ok;
}

void append_member(std::string& json, std::string_view name, std::string_view text) {
  json.append(json.size() > 1 ? ",\"" : "\"").append(name).append("\":");
  if (text.empty()) {
    json += "null";
    return;
  }
  json += '"';
  append_json_string(json, text);
  json += '"';
}
void append_member(std::string& json, std::string_view name, std::int64_t number) {
  json.append(json.size() > 1 ? ",\"" : "\"").append(name).append("\":") += std::to_string(number);
}

std::string story_of(const CallNotes& notes, const UsageRecord& row, const NotedMessage& message) {
  std::string json = "{";
  append_member(json, "outcome", outcome_of(notes, row, message));
  append_member(json, "status", row.status);
  append_member(json, "error_code", row.error_code);
  append_member(json, "duration_ms", row.total_ms);
  append_member(json, "arguments_sha256", message.arguments_sha256);
  append_member(json, "request_bytes", static_cast<std::int64_t>(notes.request_bytes));
  append_member(json, "response_bytes", static_cast<std::int64_t>(notes.response_bytes));
  append_member(json, "tenant_id", row.tenant_id.uuid());
  append_member(json, "key_id", row.key_id.uuid());
  append_member(json, "session", row.session_id);
  append_member(json, "request_id", row.event_id.hex());
  return json + "}";
}

AuditEntry entry_of(const CallNotes& notes, const UsageRecord& row, const NotedMessage& message,
                    const CallActor& actor) {
  return {.id = AuditId{row.event_id.bits},
          .at = row.ts,
          .actor = actor.name,
          .remote_address = actor.address,
          .action = message.denied ? "mcp.denied" : "mcp.call",
          .target_kind = "mcp_tool",
          .target = std::string(row.mcp_server.view()),
          .target_name = std::string(row.mcp_server.view()).append("/").append(row.mcp_tool.view()),
          .before_json = {},
          .after_json = story_of(notes, row, message)};
}

void count(const UsageRecord& row, observe::Metrics& metrics) {
  gateway::report_usage(row, metrics);
  if (!row.mcp_server.empty()) metrics.count_mcp_message(row);
}

}  // namespace

void note_refusal(CallNotes& notes, const gateway::Refusal& refusal, observe::Metrics& metrics) {
  UsageRecord& record = notes.record;
  record.status = refusal.status;
  record.error_code = gateway::name_of(refusal);
  const bool by_gateway = !refusal.client_gone && refusal.type != "upstream_error";
  if (!by_gateway) return;
  record.admission = AdmissionOutcome::refused;
  if (!record.tenant.empty()) metrics.count_refusal(record.tenant, gateway::name_of(refusal));
}

Task<void> record_calls(const CallNotes& notes, CallActor actor, CallWitnesses witnesses) {
  const bool is_kept = gateway::belongs_to_a_key(notes.record);
  if (notes.messages.empty()) {
    count(notes.record, witnesses.metrics);
    if (is_kept) co_await witnesses.journal.keep(notes.record);
    co_return;
  }
  for (const NotedMessage& message : notes.messages) {
    const UsageRecord row = row_of(notes, message, witnesses.entropy);
    count(row, witnesses.metrics);
    if (!is_kept) continue;
    co_await witnesses.journal.keep(row);
    if (row.mcp_method != "tools/call") continue;
    witnesses.metrics.count_mcp_tool_call(row, outcome_of(notes, row, message));
    witnesses.audit.note(entry_of(notes, row, message, actor));
  }
}

}  // namespace obleth::mcp
