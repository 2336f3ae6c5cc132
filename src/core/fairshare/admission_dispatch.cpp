// Who goes next, and with what cap and what reservation.
#include <algorithm>

#include "core/fairshare/admission_state.hpp"
#include "core/fairshare/softening.hpp"
#include "core/fairshare/token_cost.hpp"
#include "core/fairshare/wait_predictor.hpp"

namespace obleth::fairshare {

namespace {

// At most one turn in so many goes to whoever has waited longest, whatever its share.
constexpr std::uint32_t turns_per_guard = 16;
// How many requests the guard looks at in a turn that are old and may not go (their model is full, their tenant at its
// cap).
constexpr int guard_looks_max = 64;
constexpr std::uint64_t completions_to_predict = 20;

}  // namespace

void Admission::State::dispatch() {
  while (running() < slots() && waiting() > 0) {
    const auto pick = next_pick();
    if (!pick) return;
    grant(*pick);
  }
}

std::optional<Pick> Admission::State::next_pick() {
  if (turns_since_guard + 1 >= turns_per_guard) {
    if (const auto overdue = overdue_pick()) return overdue;
  }
  return tree.pick();
}

// The request that has waited longest, when that is longer than half of the admission timeout. Behind many that may
// not go the next search goes on where this one gives up, so that nobody is hidden by them.
std::optional<Pick> Admission::State::overdue_pick() {
  RequestIndex index = guard_from != RequestIndex::none ? guard_from : waiting_chain.front();
  guard_from = RequestIndex::none;
  for (int look = 0; look < guard_looks_max; ++look) {
    if (index == RequestIndex::none || now - requests[index].arrived <= guard_age()) return std::nullopt;
    const Request& request = requests[index];
    if (tree.eligible(request.lane)) return tree.out_of_turn(request.lane);
    index = request.in_pool.after;
  }
  guard_from = index;
  return std::nullopt;
}

// For whom a slot of the shared pool is asked out of turn. What the whole pool does counts for how often that may be.
NodeIndex Admission::State::overdue_tenant() {
  const auto overdue = guard_rest > 0 ? std::nullopt : overdue_pick();
  return overdue ? tree.node(tree.lane(overdue->leaf).node).parent : NodeIndex::none;
}

void Admission::State::grant(const Pick& pick) {
  const RequestIndex index = tree.requests_at(pick.leaf).front();
  Request& request = requests[index];
  dequeue(index);
  const std::int64_t learned = learned_output(request);
  const auto cap = softened(request, learned);
  request.output_cap = cap.value_or(request.output_cap);
  const std::int64_t expected = std::min(request.output_cap, learned);
  request.state = Request::State::running;
  request.granted = now;
  request.reserved_cost = estimated_cost(request, expected);
  running_chain.push_back<&Request::in_pool>(requests, index);
  request.unopposed = tree.begin(pick, request.reserved_cost);
  turns_since_guard = pick.moves_time ? turns_since_guard + 1 : 0;
  age_guard_picks += pick.moves_time ? 0 : 1;
  // While nothing is learned an estimate may be many times what any request took.
  if (now - request.arrived > guard_age()) {
    guard_rest = std::min(request.reserved_cost, largest.value()) * (turns_per_guard - 1);
  }
  unleased_grants += now < lease.until ? 0 : 1;

  ModelState& model = models[request.model];
  model.gpu.advance(now, model.in_flight);
  request.gpu_reading = model.gpu.reading();
  ++model.in_flight;
  gate(request.model);

  actions->granted.push_back({.waiter = request.waiter,
                              .ticket = requests.ticket(index),
                              .waited = request.waited,
                              .wait = now - request.arrived,
                              .output_cap = cap,
                              .fair_estimate = saturating_multiply(request.answers, expected),
                              .reserved_cost = {request.reserved_cost},
                              .key = pick.key,
                              .virtual_time = pick.virtual_time,
                              .by_age_guard = !pick.moves_time,
                              .tenant_weight = tree.node(request.tenant).account.weight()});
}

// What has run ahead of its share on idle slots is no reason to cut an answer: only those who still wait are.
std::optional<std::int64_t> Admission::State::softened(const Request& request, std::int64_t learned_output) {
  const Duration threshold = threshold_of(request);
  if (threshold <= Duration::zero()) return std::nullopt;
  const bool others_wait = tree.node(request.tenant).queued > 0;
  const Pressure pressure{.waited = now - request.arrived,
                          .predicted = others_wait ? predicted(request.lane).value_or(Duration::zero()) : Duration{},
                          .threshold = threshold};
  return softened_cap(pressure, request.output_cap, learned_output, floor_of(request));
}

// As the settings are now, whatever they were on arrival.
Duration Admission::State::threshold_of(const Request& request) const {
  const ShareNode& tenant = tree.node(request.tenant);
  const Duration own = std::chrono::milliseconds(tenant.brownout_wait_ms);
  return brownout_threshold(tenant.brownout, request.brownout_exempt,
                            own > Duration::zero() ? own : limits.brownout_wait);
}

std::int64_t Admission::State::floor_of(const Request& request) const {
  return models[request.model].settings.brownout_floor;
}

// The learned mean of an answer; until something is learned the cap stands in.
std::int64_t Admission::State::learned_output(const Request& request) const {
  return estimates.mean(request.learned, request.model).value_or(request.output_cap);
}

std::int64_t Admission::State::expected_output(const Request& request) const {
  return std::min(request.output_cap, learned_output(request));
}

// Work that has no tokens is expected to hold its slot for a second.
std::int64_t Admission::State::estimated_cost(const Request& request, std::int64_t output_of_each) const {
  const TokenCosts& costs = models[request.model].settings.costs;
  const std::int64_t output = saturating_multiply(request.answers, output_of_each);
  const std::int64_t tokens = token_cost(costs, {.prompt = {request.prompt_tokens}, .output = {output}});
  return tokens > 0 ? tokens : slot_cost(costs, std::chrono::seconds(1));
}

// Nothing is foreseen of requests whose caps alone are known: what they are held for may be many times what they take.
std::optional<Duration> Admission::State::predicted(LaneIndex lane) {
  const ModelIndex model = tree.lane(lane).model;
  const bool known = completions >= completions_to_predict && drain_of(model).is_measured();
  return known && !queue_ahead(lane).is_guessed ? expected_wait(lane) : std::nullopt;
}

// Requests for a full model hold up none for another, nor do those for a model that is down.
Admission::State::QueueAhead Admission::State::queue_ahead(LaneIndex leaf) const {
  const LaneIndex own = tree.lane(leaf).up;
  const ModelIndex own_model = tree.lane(own).model;
  QueueAhead ahead{.cost = tree.lane(own).queued_cost, .is_guessed = models[own_model].is_guessed};
  if (!tree.model_open(own_model)) return ahead;
  const ShareNode& tenant = tree.node(tree.lane(own).node);
  for (LaneIndex at = tenant.first_lane; at != LaneIndex::none; at = tree.lane(at).next) {
    const Lane& lane = tree.lane(at);
    if (at == own || lane.queued_cost == 0 || tree.gate_of(lane.model) != ModelGate::open) continue;
    ahead.cost += lane.queued_cost;
    ahead.is_guessed |= models[lane.model].is_guessed;
  }
  return ahead;
}

// Until its share is enough or, where that takes longer, the age guard calls it. Of a rate that is only a lower bound
// this is the longest that it can take.
std::optional<Duration> Admission::State::expected_wait(LaneIndex lane) {
  const ModelIndex model = tree.lane(lane).model;
  const std::uint32_t full_at = tree.model_open(model) ? slots() : models[model].in_flight;
  const auto by_share =
      predicted_wait(tree, lane, queue_ahead(lane).cost, {drain_of(model).per_second(), std::max(full_at, 1U)});
  if (!by_share || *by_share <= guard_age()) return by_share;
  return std::min(*by_share, wait_for_guard(lane));
}

// The guard takes the oldest first: after all that are old already, and all of its own tenant.
Duration Admission::State::wait_for_guard(LaneIndex lane) {
  note_aged();
  const std::int64_t ahead = aged + tree.node(tree.node(tree.lane(lane).node).parent).queued;
  if (ahead == 0) return guard_age();
  const std::int64_t turns = ahead * std::int64_t{turns_per_guard};
  const std::int64_t cost = scaled(tree.node(tree.root()).queued_cost, turns, waiting());
  const std::int64_t rate = drain_of(tree.lane(lane).model).per_second();
  return guard_age() + time_to_drain(cost, rate).value_or(predicted_wait_max);
}

// Each request is passed once, so that counting costs nothing that grows with the queue.
void Admission::State::note_aged() {
  while (first_young != RequestIndex::none && now - requests[first_young].arrived > guard_age()) {
    requests[first_young].aged = true;
    ++aged;
    first_young = requests[first_young].in_pool.after;
  }
}

// A model that is full drains by itself.
const DrainRate& Admission::State::drain_of(ModelIndex model) const {
  return tree.model_open(model) ? drain : models[model].drain;
}

}  // namespace obleth::fairshare
