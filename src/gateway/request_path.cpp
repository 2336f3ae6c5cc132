#include "gateway/request_path.hpp"

#include <utility>

#include "gateway/answer_headers.hpp"
#include "gateway/await_turn.hpp"
#include "gateway/forward_upstream.hpp"
#include "gateway/identify_tenant.hpp"
#include "gateway/local_answers.hpp"
#include "gateway/model_listing.hpp"
#include "gateway/price_request.hpp"
#include "gateway/recall_response.hpp"
#include "gateway/receive_request.hpp"
#include "gateway/relay_reply.hpp"
#include "gateway/report_usage.hpp"
#include "gateway/reserve_budget.hpp"
#include "gateway/resolve_model.hpp"
#include "gateway/settle_cost.hpp"
#include "gateway/soften_request.hpp"

namespace obleth::gateway {

Task<void> RequestPath::serve(ports::ClientExchange& exchange) {
  const ThreadPolicy::Hold policy = services_.policy.hold();
  UsageRecord record;
  Outcome<Answer> reached = co_await reach_answer(exchange, record, *policy);
  // What the upstream says passes through; what it took is settled, whatever the ending. For as long as that takes,
  // this row and the relay are all that the request holds.
  if (auto* const reply = reached ? std::get_if<std::unique_ptr<ReplyRelay>>(&*reached) : nullptr) {
    co_await (*reply)->run();
    reached = settle_reply(**reply);
  }
  co_await conclude(exchange, record, *policy, reached);
}

void RequestPath::note_refused(const ports::RefusedHead& refused) {
  report_refused_head(refused, loop_.wall_now(), services_.metrics);
}

Task<Outcome<RequestPath::Answer>> RequestPath::reach_answer(ports::ClientExchange& exchange, UsageRecord& record,
                                                             const Policy& policy) {
  const Arrival arrival{&exchange, &loop_, EventId{services_.entropy.bits128()}, &record};
  Outcome<Received> received = receive_request(arrival, policy);
  if (!received) co_return refuse(std::move(received.error()));
  const Treatment treatment = received->route.treatment;
  if (needs_no_key(treatment)) {
    co_await answer_alone(*received, policy, services_.readiness);
    co_return Answer();
  }
  if (!services_.readiness.serving()) co_return refuse(draining());
  if (treatment == Treatment::model_list) {
    Outcome<Answer> list = co_await answer_locally(std::move(*received), policy);
    co_return list;
  }

  Outcome<Turn> turn = co_await reach_turn(std::move(*received), policy);
  if (!turn) co_return refuse(std::move(turn.error()));
  if (auto* const replayed = std::get_if<Settled>(&*turn)) co_return std::move(*replayed);

  // The upstream works.
  const UpstreamDoors doors{services_.upstream, services_.endpoints, policy, services_.metrics, services_.catalog};
  auto& softened = std::get<std::unique_ptr<Softened>>(*turn);
  Outcome<Answered> answered = co_await forward_upstream(std::move(softened), doors);
  if (!answered) co_return refuse(std::move(answered.error()));
  co_return std::make_unique<ReplyRelay>(std::move(*answered), policy);
}

Task<Outcome<RequestPath::Turn>> RequestPath::reach_turn(Received&& received, const Policy& policy) {
  const Services& ask = services_;

  // Whose request is it? On the head alone, before any of the body is read.
  const KeySources keys{ask.keys, ask.failed_keys};
  Outcome<Identified> identified = co_await identify_tenant(std::move(received), keys);
  if (!identified) co_return refuse(std::move(identified.error()));

  // Which model? The body is read here, and only here.
  const ModelSources models{ask.catalog, ask.body_memory, policy};
  Outcome<Routed> routed = co_await resolve_model(std::move(*identified), models);
  if (!routed) co_return refuse(std::move(routed.error()));

  // Was the same asked before? Then the answer takes no turn and costs nothing.
  Recalled recalled = note_question(std::move(*routed), ask.responses);
  if (recalled.may_be_known) {
    std::shared_ptr<const ports::KeptAnswer> kept = co_await recall_response(recalled, ask.responses);
    if (kept) co_return replay_response(std::move(recalled), std::move(kept), policy);
  }

  // What will it take, and may they have it? Before the queue: an exhausted tenant is told at once.
  Priced priced = price_request(std::move(recalled), ask.estimates);
  Outcome<Funded> funded = co_await reserve_budget(std::move(priced), held_);
  if (!funded) co_return refuse(std::move(funded.error()));

  // Whose turn is it? From here on the request holds a slot.
  const TurnSources turns{ask.desk, {ask.keys, ask.catalog}};
  Outcome<Admitted> admitted = co_await await_turn(std::move(*funded), turns);
  if (!admitted) co_return refuse(std::move(admitted.error()));
  co_return soften_request(std::move(*admitted));
}

Outcome<RequestPath::Answer> RequestPath::settle_reply(ReplyRelay& reply) {
  Outcome<Relayed> relayed = reply.conclude();
  if (!relayed) return refuse(std::move(relayed.error()));
  return settle_cost(std::move(*relayed), services_.estimates);
}

// The list of models: no slot, no tokens.
Task<Outcome<RequestPath::Answer>> RequestPath::answer_locally(Received&& received, const Policy& policy) {
  UsageRecord& record = *received.record;
  const KeySources keys{services_.keys, services_.failed_keys};
  Outcome<Identified> identified = co_await identify_tenant(std::move(received), keys);
  if (!identified) co_return refuse(std::move(identified.error()));

  const ModelSourcesOfList sources{services_.catalog, services_.upstream, policy};
  Outcome<std::string> list = co_await list_models(*identified, sources);
  if (!list) co_return refuse(std::move(list.error()));

  record.status = 200;
  record.ts = loop_.wall_now();
  record.total_ms = whole_ms(loop_.refresh_now() - identified->timings.received);
  std::string head_lines = "Content-Type: application/json\r\n";
  append_request_ids(head_lines, record);
  append_server_timing(head_lines, identified->timings, Reached::identity);
  append_cross_origin(head_lines, identified->exchange->head(), policy);
  co_return Settled{.exchange = identified->exchange,
                    .status = 200,
                    .unsent_head = std::move(head_lines),
                    .unsent_body = std::move(*list)};
}

// The row is kept before the last byte goes out: what a client has seen end comes to the ledger, whatever happens next.
Task<void> RequestPath::conclude(ports::ClientExchange& exchange, UsageRecord& record, const Policy& policy,
                                 Outcome<Answer>& end) {
  auto* const settled = end ? std::get_if<Settled>(&*end) : nullptr;
  if (end && settled == nullptr) co_return;  // it needed no key, and belongs to nobody
  std::string head_lines;                    // of a refusal; an answer brings its own
  if (settled != nullptr) {
    report_usage(record, services_.metrics);
  } else {
    append_request_ids(head_lines, record);
    append_cache_outcome(head_lines, record);
    append_cross_origin(head_lines, exchange.head(), policy);
    record.ts = loop_.wall_now();
    record.total_ms = whole_ms(loop_.refresh_now() - exchange.received_at());
    report_refusal(record, end.error(), services_.metrics);
  }
  if (belongs_to_a_key(record)) co_await services_.journal.keep(record);
  if (settled != nullptr) {
    co_await send_rest(std::move(*settled));
  } else {
    co_await send_refusal(exchange, end.error(), wire::errors_at(record.route), std::move(head_lines));
  }
}

}  // namespace obleth::gateway
