#include "gateway/settle_cost.hpp"

#include <algorithm>
#include <utility>

#include "core/accounting/pricing.hpp"
#include "core/accounting/settlement.hpp"
#include "gateway/answer_headers.hpp"

namespace obleth::gateway {
namespace {

constexpr int client_closed_request = 499;

bool is_success(int status) {
  return status >= 200 && status < 300;
}

accounting::BilledUsage bill(const Relayed& relayed, Estimates& estimates) {
  const accounting::BilledUsage nothing{.source = UsageSource::counted};
  if (!relayed.permit.reached_upstream()) return nothing;
  // What the upstream refused or broke before its answer began costs nothing.
  if (relayed.status != 0 && !is_success(relayed.status)) return nothing;
  // What passes through, pictures and sounds cost tokens only where the answer tells them.
  const bool by_slot_time = relayed.route.rules().unreported == wire::Unreported::by_slot_time;
  if (by_slot_time && !relayed.reported) return nothing;
  const TenantId tenant = relayed.who->tenant.id;
  const ModelId model = relayed.model ? relayed.model->id : ModelId{};
  const Duration elapsed = relayed.loop->now() - relayed.timings.sent;
  std::int64_t by_time = 0;  // of what was cut before it said how much it was
  if (relayed.ending != Ending::complete) {
    by_time = estimates.ask(tenant, [&](const accounting::UsageHistory& history) {
      return history.probable_output(tenant, model, elapsed);
    });
  }
  return accounting::billed_usage({.reported = relayed.reported,
                                   .output_told = relayed.output_told,
                                   .complete = relayed.ending == Ending::complete,
                                   .produced_output = relayed.price.output_bound > 0,
                                   .input_estimate = {relayed.price.input_tokens},
                                   .counted = relayed.counted,
                                   .probable = {std::min(relayed.price.hold_output, by_time)},
                                   .streamed = relayed.streamed || relayed.record->stream});
}

void learn(const Relayed& relayed, const TokenUsage& truth, Estimates& estimates) {
  if (relayed.ending != Ending::complete || !relayed.reported || !is_success(relayed.status)) return;
  if (relayed.route.treatment != Treatment::priced) return;
  const TenantId tenant = relayed.who->tenant.id;
  const ModelId model = relayed.model ? relayed.model->id : ModelId{};
  // An answer in one piece was generated before its head came.
  const Instant began = relayed.streamed ? relayed.timings.answered : relayed.timings.sent;
  const Duration took = relayed.loop->now() - began;
  estimates.ask(tenant, [&](accounting::UsageHistory& history) {
    history.learn_input(tenant, model, relayed.price.raw_input_tokens, truth.prompt.value);
    if (relayed.price.output_bound > 0) history.learn_output(tenant, model, truth.output.value, took);
  });
}

void judge_endpoint(Relayed& relayed, Instant now) {
  if (relayed.ending == Ending::client_left) return;  // says nothing about the endpoint
  if (relayed.ending == Ending::complete && relayed.status < 500) {
    relayed.visit.succeeded(now);
  } else {
    relayed.visit.failed(now);
  }
}

std::int64_t overhead_until(Instant now, const Timings& timings) {
  return std::max<std::int64_t>(0, whole_us(now - timings.received - timings.waiting));
}

// What the request took beyond what a budget held for it: the two ways in which one can be overspent.
void note_overrun(UsageRecord& record, const Relayed& relayed, const TokenUsage& used) {
  if (!relayed.budget.granted().counts_on_budget) return;
  const Price& price = relayed.price;
  const std::int64_t output_held =
      relayed.output_cap ? std::min(price.output_bound, saturating_multiply(price.answers, *relayed.output_cap))
                         : price.output_bound;
  const accounting::Overrun over = accounting::overrun({price.input_tokens}, {output_held}, used);
  record.overrun_by_input = over.by_input;
  record.overrun_by_output = over.by_output;
}

int final_status(const Relayed& relayed) {
  return relayed.ending == Ending::client_left ? client_closed_request : relayed.status;
}

}  // namespace

Settled settle_cost(Relayed&& relayed, Estimates& estimates) {
  const Instant now = relayed.loop->refresh_now();
  const accounting::BilledUsage billed = bill(relayed, estimates);
  const NanoUsd cost =
      relayed.model && is_success(relayed.status) ? accounting::cost_of(billed.usage, *relayed.model) : NanoUsd{};
  const bool complete = relayed.ending == Ending::complete && is_success(relayed.status);
  const fairshare::Settled charged = relayed.permit.settle(billed.usage, complete && relayed.reported.has_value());
  const std::int64_t used = saturating_add(billed.usage.prompt.value, billed.usage.output.value);
  learn(relayed, billed.usage, estimates);
  judge_endpoint(relayed, now);

  UsageRecord& record = *relayed.record;
  note_overrun(record, relayed, billed.usage);
  record.ts = relayed.budget.settle(used, cost, !relayed.permit.reached_upstream());
  record.status = final_status(relayed);
  if (record.error_code.empty() && relayed.ending == Ending::client_left) record.error_code = "client_closed_request";
  record.stream = record.stream || relayed.streamed;
  record.tokens = billed.usage;
  record.usage_source = billed.source;
  record.cost = cost;
  write_charge(record, charged);
  if (relayed.capture) relayed.capture->keep(billed.usage, relayed.loop->wall_now());
  record.total_ms = whole_ms(now - relayed.timings.received);
  record.overhead_us = overhead_until(now, relayed.timings);
  return {.exchange = relayed.exchange,
          .status = relayed.status,
          .client_left = relayed.ending == Ending::client_left,
          .unsent_head = std::move(relayed.unsent_head),
          .unsent_body = std::move(relayed.unsent_body),
          .content_length = relayed.content_length,
          .ends_cleanly = relayed.ends_cleanly,
          .ends_connection = relayed.ending == Ending::upstream_broke};
}

Refusal settle_failed(Softened& softened, Refusal refusal) {
  refusal.was_admitted = true;
  append_path_headers(refusal.extra_headers, softened);
  const Instant now = softened.loop->refresh_now();
  softened.record->overhead_us = overhead_until(now, softened.timings);
  const bool reached = softened.permit.reached_upstream();
  write_charge(*softened.record, softened.permit.settle(TokenUsage{}, false));
  softened.budget.settle(0, NanoUsd{}, !reached);
  return refusal;
}

}  // namespace obleth::gateway
