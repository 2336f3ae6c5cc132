#include "gateway/settle_cost.hpp"

#include <algorithm>
#include <utility>

#include "core/accounting/pricing.hpp"
#include "core/accounting/settlement.hpp"
#include "gateway/answer_headers.hpp"
#include "wire/usage_extract.hpp"

namespace obleth::gateway {
namespace {

bool is_success(int status) {
  return status >= 200 && status < 300;
}

// What the upstream refused or broke before its answer began costs nothing. One that its client left before (status 0)
// was worked at.
bool was_served(const Relayed& relayed) {
  return relayed.request->permit.reached_upstream() && (relayed.status == 0 || is_success(relayed.status));
}

// Tokens that all answers together may have, as they were asked for upstream.
std::int64_t output_bound(const Softened& request) {
  const Price& price = request.price;
  if (!request.output_cap) return price.output_bound;
  return std::min(price.output_bound, saturating_multiply(price.answers, *request.output_cap));
}

accounting::BilledUsage bill(const Relayed& relayed, Estimates& estimates) {
  const Softened& request = *relayed.request;
  const accounting::BilledUsage nothing{.source = UsageSource::counted};
  if (!was_served(relayed)) return nothing;
  // What passes through, pictures and sounds cost tokens only where the answer tells them.
  const bool by_slot_time = request.route.rules().unreported == wire::Unreported::by_slot_time;
  if (by_slot_time && !relayed.reported) return nothing;
  const TenantId tenant = request.who->tenant.id;
  const ModelId model = request.model ? request.model->id : ModelId{};
  const Duration elapsed = request.loop->now() - request.timings.sent;
  std::int64_t by_time = 0;  // of what was cut before it said how much it was
  if (relayed.ending != Ending::complete) {
    by_time = estimates.ask(tenant, [&](const accounting::UsageHistory& history) {
      return history.probable_output(tenant, model, elapsed);
    });
  }
  return accounting::billed_usage({.reported = relayed.reported,
                                   .output_told = relayed.output_told,
                                   .complete = relayed.ending == Ending::complete,
                                   .produced_output = request.price.output_bound > 0,
                                   .input_estimate = {request.price.input_tokens},
                                   .counted = relayed.counted,
                                   .bound = {output_bound(request)},
                                   .probable = {std::min(request.price.hold_output, by_time)},
                                   .streamed = relayed.streamed || request.record->stream});
}

// A number that had to be clamped from above is billed and told so; it is no reason to let its tenant wait for hours.
TokenUsage believable(const Softened& request, TokenUsage told) {
  if (told.prompt.value >= wire::usage_tokens_max) told.prompt.value = request.price.input_tokens;
  if (told.output.value >= wire::usage_tokens_max) told.output.value = output_bound(request);
  return told;
}

// Reported or counted: an upstream that never tells is no reason to expect the whole cap of each answer.
bool knows_length(const Relayed& relayed) {
  return relayed.reported || relayed.request->route.rules().unreported != wire::Unreported::by_slot_time;
}

void learn(const Relayed& relayed, const TokenUsage& truth, Estimates& estimates) {
  if (relayed.ending != Ending::complete || !relayed.reported || !is_success(relayed.status)) return;
  const Softened& request = *relayed.request;
  if (request.route.treatment != Treatment::priced) return;
  const TenantId tenant = request.who->tenant.id;
  const ModelId model = request.model ? request.model->id : ModelId{};
  // An answer in one piece was generated before its head came.
  const Instant began = relayed.streamed ? request.timings.answered : request.timings.sent;
  const Duration took = request.loop->now() - began;
  estimates.ask(tenant, [&](accounting::UsageHistory& history) {
    history.learn_input(tenant, model, request.price.raw_input_tokens, truth.prompt.value);
    if (request.price.output_bound > 0) history.learn_output(tenant, model, truth.output.value, took);
  });
}

void judge_endpoint(Relayed& relayed, Instant now) {
  // Neither says anything about the endpoint.
  if (relayed.ending == Ending::client_left || relayed.ending == Ending::gateway_stopped) return;
  if (relayed.ending == Ending::upstream_broke) {
    relayed.visit.failed(now);
  } else if (relayed.status >= 500) {
    relayed.visit.answered_with_failure(now);
  } else {
    relayed.visit.succeeded(now);
  }
}

// What the request took beyond what a budget held for it: the two ways in which one can be overspent.
void note_overrun(const Softened& request, const TokenUsage& used) {
  if (!request.budget.granted().counts_on_budget) return;
  const accounting::Overrun over = accounting::overrun({request.price.input_tokens}, {output_bound(request)}, used);
  request.record->overrun_by_input = over.by_input;
  request.record->overrun_by_output = over.by_output;
}

int final_status(const Relayed& relayed) {
  return relayed.ending == Ending::client_left ? client_closed_request : relayed.status;
}

}  // namespace

Settled settle_cost(Relayed&& relayed, Estimates& estimates) {
  Softened& request = *relayed.request;
  const Instant now = request.loop->refresh_now();
  const accounting::BilledUsage billed = bill(relayed, estimates);
  const Model* prices = request.price_list();
  const NanoUsd cost =
      prices != nullptr && was_served(relayed) ? accounting::cost_of(billed.usage, *prices) : NanoUsd{};
  const bool complete = relayed.ending == Ending::complete && is_success(relayed.status);
  const TokenUsage work = believable(request, billed.usage);
  const fairshare::Settled charged = request.permit.settle(work, complete && knows_length(relayed));
  const std::int64_t used = saturating_add(billed.usage.prompt.value, billed.usage.output.value);
  learn(relayed, work, estimates);
  judge_endpoint(relayed, now);

  UsageRecord& record = *request.record;
  note_overrun(request, billed.usage);
  record.ts = request.budget.settle(used, cost, !request.permit.reached_upstream());
  record.status = final_status(relayed);
  if (record.error_code.empty() && relayed.ending == Ending::client_left)
    record.error_code = client_closed_request_code;
  record.stream = record.stream || relayed.streamed;
  record.tokens = billed.usage;
  record.usage_source = billed.source;
  record.cost = cost;
  write_charge(record, charged);
  if (request.capture) request.capture->keep(billed.usage, request.loop->wall_now());
  record.total_ms = whole_ms(now - request.timings.received);
  record.overhead_us = request.timings.us_in_obleth(now);
  return {.exchange = request.exchange,
          .status = relayed.status,
          .client_left = relayed.ending == Ending::client_left,
          .unsent_head = std::move(relayed.unsent_head),
          .unsent_body = std::move(relayed.unsent_body),
          .content_length = relayed.content_length,
          .ends_cleanly = relayed.ends_cleanly,
          .ends_connection = lost_its_rest(relayed.ending)};
}

Refusal settle_failed(Softened& softened, Refusal refusal) {
  refusal.was_admitted = true;
  append_path_headers(refusal.extra_headers, softened);
  const Instant now = softened.loop->refresh_now();
  softened.record->overhead_us = softened.timings.us_in_obleth(now);
  const bool reached = softened.permit.reached_upstream();
  write_charge(*softened.record, softened.permit.settle(TokenUsage{}, false));
  softened.budget.settle(0, NanoUsd{}, !reached);
  return refusal;
}

}  // namespace obleth::gateway
