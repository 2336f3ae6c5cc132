#include "gateway/reserve_budget.hpp"

#include <algorithm>
#include <utility>

#include "base/text_pen.hpp"
#include "gateway/answer_headers.hpp"

namespace obleth::gateway {
namespace {

ports::ReserveRequest reserve_request(const Priced& priced) {
  const ResolvedKey& who = *priced.who;
  const Price& price = priced.price;
  ports::ReserveRequest request{.reservation = priced.event_id,
                                .tenant = who.tenant.id,
                                .key = who.key.id,
                                .tenant_limits = {who.tenant.quota, who.tenant.budget},
                                .key_limits = {who.key.quota, who.key.budget},
                                .timezone = who.tenant.schedule.timezone,
                                .input_tokens = price.input_tokens,
                                .hold_tokens = saturating_add(price.input_tokens, price.hold_output),
                                .bound_tokens = saturating_add(price.input_tokens, price.output_bound),
                                .bound_cost = price.bound_cost,
                                .input_cost = price.input_cost,
                                .answers = price.answers};
  if (priced.route.treatment != Treatment::priced) {
    // What it takes is known at its end only; of a budget that is spent it gets nothing all the same.
    request.input_tokens = request.hold_tokens = request.bound_tokens = 1;
    request.input_cost = request.bound_cost = NanoUsd{1};
  }
  if (priced.model && may_soften(priced)) {
    const std::int64_t above_thinking = saturating_add(priced.content->fields.thinking_tokens, 1);
    const std::int64_t shortest = std::max(priced.model->brownout_max_tokens, above_thinking);
    request.soften_to_tokens = std::min(shortest, price.output_cap);
    request.output_cost_per_token = priced.model->output_cost_per_token;
  }
  return request;
}

Refusal rate_refusal(const ports::ReserveRefusal& refusal) {
  const bool by_tokens = refusal.by == ports::RefusedBy::tokens_per_minute;
  Refusal answer{.status = 429,
                 .type = by_tokens ? std::string_view("tokens") : std::string_view("requests"),
                 .code = "rate_limit_exceeded",
                 .message = "The " + refusal.account + "'s limit of " + (by_tokens ? "tokens" : "requests") +
                            " per minute is reached. Try again after the time in Retry-After.",
                 .retry_after = refusal.retry_after};
  append_rate_headers(answer.extra_headers, refusal.tokens, refusal.requests);
  return answer;
}

Refusal budget_refusal(const ports::ReserveRefusal& refusal) {
  Refusal answer{.status = 429,
                 .type = "insufficient_quota",
                 .code = "insufficient_quota",
                 .message = "What is left of the " + refusal.account +
                            "'s budget of this term does not pay for this request. Ask for a shorter answer, or ask "
                            "your operator to raise the budget.",
                 .never_retry = true};
  append_rate_headers(answer.extra_headers, refusal.tokens, refusal.requests);
  return answer;
}

struct RateLines {
  std::string_view limit;
  std::string_view remaining;
  std::string_view reset;
};
constexpr RateLines token_lines{
    "x-ratelimit-limit-tokens: ", "\r\nx-ratelimit-remaining-tokens: ", "\r\nx-ratelimit-reset-tokens: "};
constexpr RateLines request_lines{
    "x-ratelimit-limit-requests: ", "\r\nx-ratelimit-remaining-requests: ", "\r\nx-ratelimit-reset-requests: "};
constexpr std::size_t reset_bytes_max = TextPen::number_bytes_max + 8;  // hours, and "h59m59s"
constexpr std::size_t rate_state_bytes_max = 128 + 2 * TextPen::number_bytes_max + reset_bytes_max;

// As OpenAI tells it: 20ms, 1.5s, 6m0s, 1h0m5s.
void write_reset(TextPen& pen, Duration reset) {
  const std::int64_t ms = std::max<std::int64_t>(0, whole_ms(reset));
  const std::int64_t minutes = ms / 60'000;
  if (ms < 1000) {
    pen.number(ms);
    pen.plain("ms");
    return;
  }
  if (minutes >= 60) {
    pen.number(minutes / 60);
    pen.character('h');
  }
  if (minutes > 0) {
    pen.number(minutes % 60);
    pen.character('m');
  }
  pen.number(ms % 60'000 / 1000);
  if (const std::int64_t tenths = ms % 1000 / 100; minutes == 0 && tenths > 0) {
    pen.character('.');
    pen.number(tenths);
  }
  pen.character('s');
}

void append_rate_state(std::string& lines, const RateLines& names, const ports::RateState& state) {
  append_with_pen(lines, rate_state_bytes_max, [&](TextPen& pen) {
    pen.plain(names.limit);
    pen.number(state.limit);
    pen.plain(names.remaining);
    pen.number(std::max<std::int64_t>(0, state.remaining));
    pen.plain(names.reset);
    write_reset(pen, state.reset);
    pen.plain("\r\n");
  });
}

}  // namespace

Refusal refusal_of(const ports::ReserveRefusal& refusal) {
  switch (refusal.by) {
    case ports::RefusedBy::tokens_per_minute:
    case ports::RefusedBy::requests_per_minute:
      return rate_refusal(refusal);
    case ports::RefusedBy::budget:
      return budget_refusal(refusal);
    case ports::RefusedBy::store:
      break;
  }
  Refusal answer = store_unavailable();
  answer.message = "What the budget has left cannot be known now because a store does not answer. Try again shortly.";
  return answer;
}

bool may_soften(const Routed& routed) {
  return routed.who->tenant.brownout != BrownoutPolicy::never && may_be_cut(routed);
}

bool may_be_cut(const Routed& routed) {
  if (!routed.content) return false;
  const wire::RequestFields& fields = routed.content->fields;
  const bool has_cap = routed.route.rules().output == wire::OutputKind::capped;
  return has_cap && !fields.structured_output && !fields.forced_tool_call;
}

std::string reset_text(Duration reset) {
  std::string text;
  append_with_pen(text, reset_bytes_max, [reset](TextPen& pen) { write_reset(pen, reset); });
  return text;
}

void append_rate_headers(std::string& lines, const std::optional<ports::RateState>& tokens,
                         const std::optional<ports::RateState>& requests) {
  if (tokens) append_rate_state(lines, token_lines, *tokens);
  if (requests) append_rate_state(lines, request_lines, *requests);
}

Task<Outcome<Funded>> reserve_budget(Priced&& priced, HeldBudgets& held) {
  const ports::ReserveRequest request = reserve_request(priced);
  ports::ReserveOutcome outcome = co_await held.ledger().reserve(request);
  if (!outcome.granted) {
    Refusal refusal = refusal_of(outcome.refusal);
    append_server_timing(refusal.extra_headers, priced.timings, Reached::identity);
    co_return refuse(std::move(refusal));
  }
  priced.record->budget_unguarded = outcome.granted->unguarded;
  Funded funded{std::move(priced), HeldBudget(held, request, std::move(*outcome.granted))};
  funded.timings.funded = funded.loop->now();
  co_return funded;
}

}  // namespace obleth::gateway
