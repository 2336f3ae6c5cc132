#include "mcp/mcp_path.hpp"

#include <utility>

#include "gateway/answer_headers.hpp"
#include "gateway/identify_tenant.hpp"
#include "gateway/local_answers.hpp"
#include "mcp/address_server.hpp"
#include "mcp/call_server.hpp"
#include "mcp/check_tools.hpp"
#include "mcp/read_message.hpp"
#include "mcp/refuse_call.hpp"
#include "mcp/relay_answer.hpp"
#include "mcp/reserve_calls.hpp"
#include "mcp/session_binding.hpp"
#include "wire/request_target.hpp"

namespace obleth::mcp {
namespace {

bool leads_here(const RequestHead& head) {
  if (!may_lead_here(head.target) || head.method == "OPTIONS") return false;
  const auto matched = wire::normalise_target(head.target);
  return matched && matched->path.starts_with("/mcp/");
}

}  // namespace

Task<void> McpPath::serve(ports::ClientExchange& exchange) {
  return leads_here(exchange.head()) ? serve_call(exchange) : next_.serve(exchange);
}

Task<void> McpPath::serve_call(ports::ClientExchange& exchange) {
  const gateway::ThreadPolicy::Hold policy = gateway_.policy.hold();
  CallNotes notes;
  const gateway::Arrival arrival{&exchange, &loop_, EventId{gateway_.entropy.bits128()}, &notes.record};
  gateway::Outcome<Received> received = receive_call(arrival, notes, *policy);
  if (received && !gateway_.readiness.serving()) received = gateway::refuse(gateway::draining());
  if (!received) {
    co_await conclude(exchange, notes, *policy, gateway::refuse(std::move(received.error())));
    co_return;
  }
  gateway::Outcome<gateway::Settled> end = co_await walk(std::move(*received), *policy);
  co_await conclude(exchange, notes, *policy, std::move(end));
}

Task<gateway::Outcome<gateway::Settled>> McpPath::walk(Received received, const gateway::Policy& policy) {
  gateway::Outcome<Answered> answered = co_await reach_answer(std::move(received), policy);
  if (!answered) co_return gateway::refuse(std::move(answered.error()));

  // The server speaks for as long as it likes; the client leaves when it likes.
  const RelaySources sources{
      gateway_.body_memory, {services_.sessions, services_.digest}, {gateway_.keys, services_.registry}, draining_};
  co_return co_await relay_answer(std::move(*answered), sources);
}

// A coroutine of its own, so that its states are gone while the answer streams.
Task<gateway::Outcome<Answered>> McpPath::reach_answer(Received received, const gateway::Policy& policy) {
  CallNotes& notes = *received.notes;
  CallTarget target = std::move(received.target);

  // Whose call is it? On the head alone, before any of the body is read.
  const gateway::KeySources keys{gateway_.keys, gateway_.failed_keys};
  gateway::Outcome<gateway::Identified> known =
      co_await gateway::identify_tenant(static_cast<gateway::Received&&>(received), keys);
  if (!known) co_return gateway::refuse(std::move(known.error()));
  Identified identified{std::move(*known), &notes, std::move(target)};

  // Which server, and is it theirs to use?
  gateway::Outcome<Addressed> addressed = address_server(std::move(identified), services_.registry);
  if (!addressed) co_return gateway::refuse(std::move(addressed.error()));

  // What do they ask?
  const MessageSources messages{gateway_.body_memory, services_.digest};
  gateway::Outcome<Understood> understood = co_await read_message(std::move(*addressed), messages);
  if (!understood) co_return gateway::refuse(std::move(understood.error()));

  // In whose session?
  const SessionSources sessions{services_.sessions, services_.digest};
  gateway::Outcome<Bound> bound = co_await find_session(std::move(*understood), sessions);
  if (!bound) co_return gateway::refuse(std::move(bound.error()));

  // May they, as often as that? Before the tools: what is denied was asked, too.
  gateway::Outcome<Funded> funded = co_await reserve_calls(std::move(*bound), held_, gateway_.entropy);
  if (!funded) co_return gateway::refuse(std::move(funded.error()));

  // May they use these tools?
  const ServerDoors doors{gateway_.upstream, policy, sessions};
  gateway::Outcome<Permitted> permitted = co_await check_tools(std::move(*funded), doors);
  if (!permitted) co_return gateway::refuse(std::move(permitted.error()));

  // The server works.
  co_return co_await call_server(std::move(*permitted), doors);
}

// The rows are kept before the last byte goes out: what a client has seen end comes to the ledger, whatever happens
// next.
Task<void> McpPath::conclude(ports::ClientExchange& exchange, CallNotes& notes, const gateway::Policy& policy,
                             gateway::Outcome<gateway::Settled> end) {
  UsageRecord& record = notes.record;
  record.ts = loop_.wall_now();
  record.total_ms = whole_ms(loop_.refresh_now() - exchange.received_at());
  record.usage_source = UsageSource::counted;  // of no tokens
  if (notes.messages.empty() && record.mcp_method.empty() && exchange.head().method != "POST") {
    record.mcp_method = exchange.head().method;
  }
  if (!end) {
    note_refusal(notes, end.error(), gateway_.metrics);
  } else {
    record.status = notes.left_early ? gateway::client_closed_request : end->status;
    if (notes.left_early) record.error_code = gateway::client_closed_request_code;
  }
  const CallWitnesses witnesses{gateway_.entropy, gateway_.metrics, gateway_.journal, services_.audit};
  CallActor actor{record.tenant, std::string(exchange.client_address())};
  if (!notes.key_name.empty()) actor.name += "/" + notes.key_name;
  co_await record_calls(notes, std::move(actor), witnesses);
  if (end) {
    co_await gateway::send_rest(std::move(*end));
    co_return;
  }
  std::string head_lines;
  gateway::append_request_ids(head_lines, record);
  gateway::append_cross_origin(head_lines, exchange.head(), policy);
  co_await send_call_refusal(exchange, end.error(), notes, std::move(head_lines));
}

}  // namespace obleth::mcp
