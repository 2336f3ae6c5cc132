#include "mcp/call_server.hpp"

#include <array>
#include <utility>

#include "domain/upstream_reference.hpp"
#include "gateway/answer_headers.hpp"
#include "gateway/forward_upstream.hpp"
#include "gateway/reserve_budget.hpp"
#include "mcp/refuse_call.hpp"
#include "wire/header_rules.hpp"

namespace obleth::mcp {
namespace {

constexpr int redirections_max = 3;

std::string head_of(const Bound& call, std::optional<std::string_view> body, const gateway::Policy& policy) {
  const RequestHead& head = call.exchange->head();
  const RegisteredServer& server = *call.server;
  const std::string event_id = call.event_id.hex();
  const std::string traceparent =
      wire::continue_traceparent(head.fields.find("traceparent"), event_id, std::string_view(event_id).substr(16));
  std::string lines;
  lines.reserve(1024);
  lines.append(head.method).append(" ").append(call.at_server).append(" HTTP/1.1\r\n");
  wire::append_forwarded_headers(
      lines, head,
      {.authority = server.address.authority,
       .credential = server.record.auth_header ? server.record.auth_header->reveal() : std::string_view(),
       .request_id = event_id,
       .traceparent = traceparent,
       .identity_encoding = true,  // what it answers is read
       .strip = policy.strip_headers});
  if (body) lines += "Content-Length: " + std::to_string(body->size()) + "\r\n";
  return lines + "\r\n";
}

Task<ServerAnswer> send_once(Answered& call, ServerDoors doors, bool& reached) {
  std::optional<std::string_view> body;
  if (call.body != nullptr) body = call.body->bytes;
  CancelSignal& cancel = call.clock->signal();
  co_return co_await send_to_server(call, body, doors, cancel, &reached);
}

// None is passed on: a client that follows it takes its key to wherever it leads.
bool is_redirection(const ResponseHead& head) {
  return head.status / 100 == 3 && head.fields.find("location");
}

// RFC 9110 §15.4: 302, as clients have always taken it, and 303 want a GET in place of what was sent.
bool wants_same_request(std::string_view method, int status) {
  if (status == 302 || status == 303) return method == "GET";
  return status == 301 || status == 307 || status == 308;
}

// Where the server wants the same request instead; nullopt: another request, or elsewhere.
std::optional<std::string> redirected_to(const Answered& call, const ResponseHead& head) {
  if (!wants_same_request(call.exchange->head().method, head.status)) return std::nullopt;
  return resolve_reference(call.server->address, call.at_server, *head.fields.find("location"));
}

// The client cannot help it: its own key was not even shown to the server.
bool is_credential_refused(const RegisteredServer& server, int status) {
  return status == 401 || (status == 403 && server.record.auth_header);
}

std::string client_head_lines(const Answered& call, const gateway::Policy& policy) {
  std::string lines = call.head.lines;
  gateway::append_request_ids(lines, *call.record);
  gateway::append_cross_origin(lines, call.exchange->head(), policy);
  lines += "x-obleth-admission: fast\r\n";
  const ports::Reservation& reservation = call.budgets.front().granted();
  gateway::append_rate_headers(lines, std::nullopt, reservation.requests);
  gateway::append_server_timing(lines, call.timings, gateway::Reached::upstream);
  if (call.head.status >= 400) lines += "x-obleth-error-source: upstream\r\n";
  lines += call.head.stream_lines;
  return lines;
}

// What did not reach the server goes back.
void settle(Answered& call, bool reached) {
  for (gateway::HeldBudget& budget : call.budgets)
    budget.settle(0, NanoUsd{}, !reached);
}

}  // namespace

Task<ServerAnswer> send_to_server(const Bound& call, std::optional<std::string_view> body, ServerDoors doors,
                                  CancelSignal& cancel, bool* request_left) {
  const std::string head = head_of(call, body, doors.policy);
  const std::array<std::string_view, 1> pieces{body.value_or(std::string_view())};
  // How long an answer may stand still depends on what it is: the call's clock knows.
  const ports::UpstreamCall upstream_call{.address = &call.server->address,
                                          .head = head,
                                          .body = std::span(pieces).first(body ? 1 : 0),
                                          .head_timeout = std::chrono::seconds(call.server->record.timeout_secs),
                                          .cancel = &cancel,
                                          .request_left = request_left};
  co_return co_await doors.upstream.send(upstream_call);
}

Task<gateway::Outcome<Answered>> call_server(Permitted permitted, ServerDoors doors) {
  const Duration patience = std::chrono::seconds(permitted.server->record.timeout_secs);
  auto clock = std::make_unique<CallClock>(*permitted.loop, permitted.exchange->departure(), patience);
  Answered call{std::move(permitted), std::move(clock), nullptr, {}, {}};
  const std::string& name = call.server->record.name;
  call.record->endpoint = call.server->record.upstream_url;
  call.timings.sent = call.loop->now();
  bool reached = false;
  ServerAnswer answer = co_await send_once(call, doors, reached);
  for (int hops = 0; answer && is_redirection((*answer)->head()); ++hops) {
    std::optional<std::string> next = redirected_to(call, (*answer)->head());
    answer->reset();
    if (!next || hops == redirections_max) {
      settle(call, reached);
      co_return gateway::refuse(bad_answer(name, "leads elsewhere"));
    }
    call.at_server = std::move(*next);
    answer = co_await send_once(call, doors, reached);
  }
  call.timings.answered = call.loop->refresh_now();
  settle(call, reached);
  if (!answer) co_return gateway::refuse(from_server_fault(answer.error(), name));
  const ResponseHead& head = (*answer)->head();
  if (is_credential_refused(*call.server, head.status)) {
    co_return gateway::refuse(credential_refused(name, call.server->record.auth_header.has_value()));
  }
  gateway::Outcome<void> noted = co_await note_session(call, head, doors.sessions);
  if (!noted) co_return gateway::refuse(std::move(noted.error()));
  call.head = gateway::read_answer_head(head);
  call.head_lines = client_head_lines(call, doors.policy);
  if (call.body != nullptr) call.body.reset();  // its memory goes back before the answer streams
  call.answer = std::move(*answer);
  co_return call;
}

}  // namespace obleth::mcp
