// What a request really cost: while it runs, and when it is over.
#include <algorithm>

#include "core/fairshare/admission_state.hpp"
#include "core/fairshare/token_cost.hpp"

namespace obleth::fairshare {

namespace {

constexpr std::int64_t extension_tokens_min = 32;

}  // namespace

void Admission::State::on(const Progress& event) {
  const auto index = requests.find(event.ticket);
  if (!index || requests[*index].state != Request::State::running) return;
  Request& request = requests[*index];
  request.answering = true;
  request.output_tokens = std::max(request.output_tokens, event.output_tokens);
  accrue(request);
}

void Admission::State::on(const Tick&) {
  accrued = now;
  for (RequestIndex index = running_chain.front(); index != RequestIndex::none; index = requests[index].in_pool.after) {
    accrue(requests[index]);
  }
}

// Settles what was produced since the last time, out of the reservation while that lasts. An overrun extends the
// reservation, so that the node's place keeps telling what it is about to use.
void Admission::State::accrue(Request& request) {
  const std::int64_t cost = cost_so_far(request) - request.charged_cost;
  if (cost <= 0) return;
  request.charged_cost += cost;
  const std::int64_t from_reservation = std::min(cost, request.reserved_cost);
  const std::int64_t more = cost > request.reserved_cost ? extension(request) : 0;
  request.reserved_cost += more - from_reservation;
  note_size(request.charged_cost);
  tree.charge(request.key, cost, more - from_reservation);
  count_work(request, cost);
}

// Before it is charged: the debt cap never forgives a part of the largest request itself.
void Admission::State::note_size(std::int64_t cost) {
  largest.see(cost, now);
  tree.set_largest_cost(std::max(largest.value(), largest_foreign.value()));
}

std::int64_t Admission::State::cost_so_far(const Request& request) const {
  const TokenCosts& costs = models[request.model].settings.costs;
  const TokenUsage told{
      .prompt = {request.prompt_tokens}, .cached = {}, .output = {request.output_tokens}, .reasoning = {}};
  const std::int64_t tokens = request.answering ? token_cost(costs, told) : 0;
  return std::max(tokens, slot_cost(costs, now - request.granted));
}

// Half of what was produced so far, at least 32 tokens, at most what the cap leaves.
std::int64_t Admission::State::extension(const Request& request) const {
  const TokenCosts& costs = models[request.model].settings.costs;
  const std::int64_t prompt =
      request.answering ? token_cost(costs, {.prompt = {request.prompt_tokens}}) : std::int64_t{0};
  const std::int64_t produced = std::max<std::int64_t>(request.charged_cost - prompt, 0);
  const std::int64_t wanted = std::max(produced / 2, output_cost(costs, extension_tokens_min));
  if (costs.output_thousandths == 0) return wanted;
  const std::int64_t most = output_cost(costs, saturating_multiply(request.answers, request.output_cap));
  return std::clamp<std::int64_t>(most - produced, 0, wanted);
}

void Admission::State::count_work(const Request& request, std::int64_t cost) {
  drain.count(cost);
  models[request.model].drain.count(cost);
  guard_rest = std::max<std::int64_t>(guard_rest - cost, 0);
  if (limits.shares_pool && cost != 0) work[TenantId{tree.node(request.tenant).id}] += cost;
}

void Admission::State::on(const Finish& event) {
  const auto index = requests.find(event.ticket);
  if (index && requests[*index].state == Request::State::running) finish(*index, event);
}

void Admission::State::on(const Withdraw& event) {
  const auto index = requests.find(event.ticket);
  if (!index) return;
  if (requests[*index].state == Request::State::running) {
    finish(*index, {.ticket = event.ticket, .reached_upstream = false, .learn = false, .usage = std::nullopt});
    return;
  }
  dequeue(*index);
  requests.give_back(*index);
}

void Admission::State::finish(RequestIndex index, const Finish& event) {
  const Request& request = requests[index];
  const std::int64_t cost = final_cost(request, event);
  note_size(cost);
  tree.end(request.key, {.cost = cost,
                         .charged = request.charged_cost,
                         .reserved = request.reserved_cost,
                         .unopposed = request.unopposed});
  count_work(request, cost - request.charged_cost);
  if (event.reached_upstream) ++completions;
  if (event.learn && event.usage) learn(request, event.usage->output.value);

  ModelState& model = models[request.model];
  model.observe_drain(now);
  model.gpu.advance(now, model.in_flight);
  --model.in_flight;
  gate(request.model);

  const Duration gpu_time = model.gpu.reading() - request.gpu_reading;
  actions->settled.push_back({.ticket = event.ticket,
                              .cost = {cost},
                              .slot_time = now - request.granted,
                              .gpu_time = gpu_time,
                              .gpu_ms = model.gpu.bill_ms(gpu_time)});
  running_chain.unlink<&Request::in_pool>(requests, index);
  const ModelIndex left = request.model;
  requests.give_back(index);
  retire_if_over(left);
}

void Admission::State::learn(const Request& request, std::int64_t output_tokens) {
  const bool is_first = !estimates.knows(request.model);
  estimates.learn(request.learned, request.model, output_tokens / request.answers);
  if (!is_first) return;
  models[request.model].is_guessed = false;
  estimate_anew(request.model);
}

// What came before anything was known of its model was taken to be as long as its cap allows. Once in a model's life.
void Admission::State::estimate_anew(ModelIndex model) {
  for (RequestIndex index = waiting_chain.front(); index != RequestIndex::none; index = requests[index].in_pool.after) {
    Request& request = requests[index];
    if (request.model != model) continue;
    const std::int64_t cost = estimated_cost(request, expected_output(request));
    tree.change_queued_cost(request.lane, cost - request.queued_cost);
    request.queued_cost = cost;
    set_heaviness(request.tenant);
  }
}

std::int64_t Admission::State::final_cost(const Request& request, const Finish& event) const {
  if (!event.reached_upstream) return 0;
  if (!event.usage) return std::max(cost_so_far(request), request.charged_cost);
  const TokenCosts& costs = models[request.model].settings.costs;
  return std::max(token_cost(costs, *event.usage), slot_cost(costs, now - request.granted));
}

}  // namespace obleth::fairshare
