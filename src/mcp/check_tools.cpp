#include "mcp/check_tools.hpp"

#include <utility>

#include "base/json_string.hpp"
#include "mcp/refuse_call.hpp"

namespace obleth::mcp {
namespace {

constexpr std::string_view tool_call = "tools/call";

bool mark_denied(Funded& funded) {
  bool any_denied = false;
  for (NotedMessage& message : funded.notes->messages) {
    if (message.method != tool_call || !funded.tools.restricts()) continue;
    message.denied = !message.tool || !funded.tools.allows(*message.tool);
    any_denied = any_denied || message.denied;
  }
  return any_denied;
}

Task<void> answer_on_stream(const Funded& funded, ServerDoors doors) {
  const Duration patience = std::chrono::seconds(funded.server->record.timeout_secs);
  CallClock clock(*funded.loop, funded.exchange->departure(), patience);
  for (const NotedMessage& message : funded.notes->messages) {
    if (!message.is_request()) continue;
    const std::string body = stand_in_for(message);
    const ServerAnswer told = co_await send_to_server(funded, body, doors, clock.signal());
    static_cast<void>(told);  // a server that is down has no stream
  }
}

}  // namespace

std::string stand_in_for(const NotedMessage& message) {
  const std::string_view why =
      message.denied ? " (not available to this key)" : " (not sent: another call of its batch is not allowed)";
  std::string body = R"({"jsonrpc":"2.0","id":)" + message.id + R"(,"method":"tools/call","params":{"name":")";
  append_json_string(body, message.tool.value_or(message.method));
  return body.append(why) + R"(","arguments":{}}})";
}

Task<gateway::Outcome<Permitted>> check_tools(Funded funded, ServerDoors doors) {
  if (!mark_denied(funded)) co_return Permitted{std::move(funded)};
  // It was asked, whatever came of it: otherwise one could try names as often as one likes.
  for (gateway::HeldBudget& budget : funded.budgets)
    budget.settle(0, NanoUsd{}, false);
  if (funded.answers_on_stream) co_await answer_on_stream(funded, doors);
  co_return gateway::refuse(tools_denied());
}

}  // namespace obleth::mcp
