#include "gateway/await_turn.hpp"

#include <algorithm>
#include <utility>

#include "gateway/answer_headers.hpp"
#include "gateway/reserve_budget.hpp"

namespace obleth::gateway {
namespace {

constexpr std::int64_t slot_second_tokens = 60;  // default of slot_second_cost, times the admission weight

fairshare::Arrive arrival_of(const Funded& funded) {
  const ResolvedKey& who = *funded.who;
  fairshare::Arrive arrive{
      .group = who.group.id,
      .tenant = who.tenant.id,
      .key = who.key.id,
      .group_settings = {.weight = who.group.weight, .max_in_flight = who.group.max_in_flight},
      .tenant_settings = {.weight = who.tenant.weight, .max_in_flight = who.tenant.quota.max_in_flight},
      .key_settings = {.weight = who.key.weight, .max_in_flight = who.key.quota.max_in_flight},
      .brownout = brownout_settings(who.tenant),
      .prompt_tokens = funded.price.input_tokens,
      .answers = funded.price.answers,
      .requested_cap =
          std::min(funded.price.output_cap, funded.budget.granted().output_cap.value_or(funded.price.output_cap)),
      .brownout_exempt = !may_be_cut(funded)};
  if (funded.model) arrive.model = funded.model->id;
  return arrive;
}

fairshare::RequestMark mark_of(const Funded& funded) {
  const ports::Reservation& reserved = funded.budget.granted();
  const bool by_budget = reserved.softened_by == ports::SoftenedBy::budget;
  return {.request = funded.event_id,
          .client_mark = fairshare::client_mark_of(funded.record->client_request_id),
          .requested_cap = funded.price.output_cap,
          .cut_by = !reserved.output_cap ? fairshare::CutBy::nothing
                    : by_budget          ? fairshare::CutBy::budget
                                         : fairshare::CutBy::quota};
}

// What a request carries that was let in by its limits, and by nothing else.
void append_waiting_headers(std::string& lines, const Funded& funded) {
  const ports::Reservation& reservation = funded.budget.granted();
  append_rate_headers(lines, reservation.tokens, reservation.requests);
  append_server_timing(lines, funded.timings, Reached::turn);
}

// What becomes 1 – 60 s when it is spread.
constexpr Duration retry_after_min = std::chrono::milliseconds(1250);
constexpr Duration retry_after_max = std::chrono::seconds(50);

// ± 20 %, so that refused clients do not come back together. The event id is random already.
Duration jittered(Duration span, EventId id) {
  const auto permille = static_cast<std::int64_t>(800 + id.bits.low % 401);
  return std::clamp<Duration>(span, retry_after_min, retry_after_max) / 1000 * permille;
}

Refusal refusal_of(const fairshare::Refused& refused, EventId id) {
  const bool timed_out = refused.reason == fairshare::RefusalReason::timed_out;
  return {.status = 429,
          .type = "overloaded_error",
          .code = timed_out ? std::string_view("admission_timeout") : std::string_view("queue_full"),
          .message = timed_out
                         ? "The request waited as long as it may for a slot. Try again after the time in Retry-After."
                         : "The queue is full. Try again after the time in Retry-After.",
          .retry_after = jittered(refused.retry_after, id)};
}

}  // namespace

fairshare::ModelSettings fairshare_settings(const Model& model) {
  const std::int64_t weight = model.admission_weight.value;
  const std::int64_t slot_second =
      model.slot_second_cost ? model.slot_second_cost->value : saturating_multiply(slot_second_tokens, weight);
  return {.max_in_flight = model.max_in_flight,
          .costs = {.admission_weight_thousandths = weight,
                    .prompt_thousandths = model.input_token_cost.value,
                    .output_thousandths = model.output_token_cost.value,
                    .slot_second_thousandths = slot_second},
          .brownout_floor = model.brownout_max_tokens,
          .gpus = model.gpus};
}

fairshare::BrownoutSettings brownout_settings(const Tenant& tenant) {
  return {.policy = tenant.brownout, .wait_ms = tenant.brownout_wait_ms};
}

Task<Outcome<Admitted>> await_turn(Funded&& funded, TurnSources ask) {
  UsageRecord& record = *funded.record;
  const fairshare::Arrive arrive = arrival_of(funded);
  const fairshare::RequestMark mark = mark_of(funded);
  const TurnOutcome turn = co_await ask.desk.await_turn(arrive, mark, *funded.loop, funded.exchange->departure());

  const Instant now = funded.loop->now();
  const Duration waited = turn.queued ? now - funded.timings.funded : Duration{0};
  record.queue_ms = whole_ms(waited);
  record.admission = turn.queued ? AdmissionOutcome::queued : AdmissionOutcome::fast;
  funded.timings.waiting += waited;
  if (turn.refused) {
    funded.timings.admitted = now;
    Refusal refusal;
    if (turn.refused->reason == fairshare::RefusalReason::not_admitted) {
      refusal = co_await switch_off_refusal(funded, ask.switches);
    } else {
      refusal = refusal_of(*turn.refused, funded.event_id);
    }
    append_waiting_headers(refusal.extra_headers, funded);
    co_return refuse(std::move(refusal));
  }
  if (!turn.granted) co_return refuse(client_gone());

  const fairshare::Granted& grant = *turn.granted;
  Permit permit(ask.desk, *funded.loop, grant.ticket);
  std::optional<Refusal> too_late;
  if (turn.queued) {
    Outcome<std::shared_ptr<const Model>> present = co_await present_turn(funded, ask.switches);
    if (present) {
      funded.serve_by(std::move(*present));
    } else {
      too_late = std::move(present.error());
    }
  }
  // The client left while its grant was on the way.
  if (funded.exchange->departure().fired()) too_late = client_gone();
  if (too_late) {
    // The slot goes back unused.
    funded.timings.admitted = now;
    write_charge(record, permit.settle(std::nullopt, false));
    append_waiting_headers(too_late->extra_headers, funded);
    co_return refuse(std::move(*too_late));
  }
  record.fair_estimate = {grant.fair_estimate};
  record.fairshare_key = grant.key;
  record.fairshare_v = grant.virtual_time;
  record.weight = grant.tenant_weight;
  Admitted admitted{std::move(funded), std::move(permit), grant.output_cap};
  admitted.timings.admitted = now;
  co_return admitted;
}

}  // namespace obleth::gateway
