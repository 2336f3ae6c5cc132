// Into the queue, or not: the path of a request through the tree, the bounds of the queue, and refusals.
#include <algorithm>

#include "core/fairshare/admission_state.hpp"
#include "core/fairshare/softening.hpp"
#include "core/fairshare/token_cost.hpp"

namespace obleth::fairshare {

namespace {

constexpr std::int64_t hopeless_factor = 2;  // predicted waits beyond this many deadlines are refused at once
constexpr Duration retry_after_min = std::chrono::seconds(1);
constexpr Duration retry_after_max = std::chrono::seconds(60);
constexpr NodeSettings implicit_group{};

}  // namespace

void Admission::State::on(const Arrive& event) {
  const NodeIndex key = path_of(event);
  const ModelIndex model = model_of(event.model);
  const RequestIndex index = make_request(event, tree.leaf(key, model));
  const bool goes_at_once = may_go_at_once(requests[index]);
  const Duration wait = goes_at_once ? Duration::zero() : predicted(requests[index].lane).value_or(Duration::zero());
  if (const auto reason = objection(requests[index], goes_at_once, wait)) {
    refuse(index, *reason);
    return;
  }
  const std::uint32_t position = tree.node(requests[index].tenant).queued;
  requests[index].waited = !goes_at_once;
  enqueue(index);
  if (goes_at_once) return;  // the step ends with the dispatch
  actions->queued.push_back({.waiter = event.waiter,
                             .ticket = requests.ticket(index),
                             .predicted_wait = wait,
                             .position = position,
                             .cause = cause_of_wait(requests[index])});
}

// Since no slot stays free while somebody may go, a request that finds one is the only one that wants it.
bool Admission::State::may_go_at_once(const Request& request) const {
  return running() < slots() && tree.has_room(request.key, request.model);
}

WaitCause Admission::State::cause_of_wait(const Request& request) const {
  for (NodeIndex at = request.key; at != NodeIndex::none; at = tree.node(at).parent) {
    if (tree.node(at).parked()) return WaitCause::in_flight_limit;
  }
  const ModelState& model = models[request.model];
  if (!model.eligible) return WaitCause::model_down;
  return model.open() ? WaitCause::pool_full : WaitCause::model_full;
}

// Nodes are made on first sight with the settings that the request knows; a node that exists had newer ones by events.
NodeIndex Admission::State::path_of(const Arrive& event) {
  if (const NodeIndex key = tree.find_key(event.tenant, event.key); key != NodeIndex::none) return key;
  NodeIndex tenant = tree.find_tenant(event.tenant);
  if (tenant == NodeIndex::none) {
    const bool flat = limits.algorithm == Algorithm::weighted;
    const GroupId id = group_of(event.group);
    NodeIndex group = tree.find_group(id);
    if (group == NodeIndex::none) group = tree.add_group(id, flat ? implicit_group : event.group_settings);
    tenant = tree.add_tenant(event.tenant, group, event.tenant_settings);
    set_brownout(tenant, event.brownout);
  }
  return tree.add_key(event.key, tenant, event.key_settings);
}

ModelIndex Admission::State::model_of(ModelId id) {
  const auto [index, is_new] = models.find_or_add(id, now);
  if (is_new) tree.add_model(index);
  return index;
}

RequestIndex Admission::State::make_request(const Arrive& event, LaneIndex lane) {
  const RequestIndex index = requests.take();
  Request& request = requests[index];
  request.waiter = event.waiter;
  request.arrival_number = ++arrivals;
  request.lane = lane;
  request.key = tree.lane(lane).node;
  request.tenant = tree.node(request.key).parent;
  request.model = tree.lane(lane).model;
  EstimatePlace& learned = tree.estimate_at(tree.lane(lane).up);
  if (estimates.stale(learned)) learned = estimates.place_of(event.tenant, request.model);
  request.learned = learned;
  request.arrived = now;
  request.deadline = event.deadline;
  request.brownout_exempt = event.brownout_exempt;
  request.prompt_tokens = std::max<std::int64_t>(event.prompt_tokens, 0);
  request.answers = std::max<std::int64_t>(event.answers, 1);
  request.output_cap = std::max<std::int64_t>(event.requested_cap, 0);
  if (request.output_cap > 0 && !estimates.knows(request.model)) models[request.model].is_guessed = true;
  request.queued_cost = estimated_cost(request, expected_output(request));
  return index;
}

// A request that can have a slot at once is never refused: bounds are for those who wait.
std::optional<RefusalReason> Admission::State::objection(const Request& request, bool goes_at_once,
                                                         Duration predicted_wait) {
  const bool admitted = tree.node(request.tenant).admits && tree.node(request.key).admits;
  if (!admitted || !models[request.model].admits) return RefusalReason::not_admitted;
  if (goes_at_once) return std::nullopt;
  if (tree.node(request.tenant).queued >= limits.tenant_queue_max) return RefusalReason::tenant_queue_full;
  if (would_wait_too_long(request, predicted_wait)) return RefusalReason::predicted_too_long;
  if (waiting() >= limits.pool_queue_max && !make_room(request.tenant)) return RefusalReason::pool_queue_full;
  return std::nullopt;
}

bool Admission::State::would_wait_too_long(const Request& request, Duration wait) const {
  if (!models[request.model].eligible) return false;
  const Duration patience = std::min(request.deadline - now, limits.admission_timeout);
  if (wait <= patience * hopeless_factor) return false;
  // Under brownout the answers ahead of it are cut as its own would be, so the queue drains faster.
  const std::int64_t expected = expected_output(request);
  const auto cap = softened_cap({.waited = {}, .predicted = wait, .threshold = threshold_of(request)},
                                request.output_cap, learned_output(request), floor_of(request));
  const std::int64_t cut = estimated_cost(request, std::min(expected, cap.value_or(expected)));
  const Duration softened_wait(scaled(wait.count(), cut, std::max<std::int64_t>(request.queued_cost, 1)));
  return softened_wait > patience * hopeless_factor;
}

// The newest request of the tenant with the most queued cost by weight makes room, unless the newcomer is that
// tenant's.
bool Admission::State::make_room(NodeIndex tenant) {
  if (heaviest.empty() || heaviest.top().item == tenant) return false;
  refuse(tree.node(heaviest.top().item).waiting.back(), RefusalReason::pool_queue_full);
  return true;
}

void Admission::State::enqueue(RequestIndex index) {
  Request& request = requests[index];
  request.state = Request::State::waiting;
  waiting_chain.push_back<&Request::in_pool>(requests, index);
  if (first_young == RequestIndex::none) first_young = index;
  tree.node(request.tenant).waiting.push_back<&Request::in_tenant>(requests, index);
  Chain<RequestIndex>& line = tree.requests_at(request.lane);
  line.push_back<&Request::in_lane>(requests, index);
  models[request.model].observe_drain(now);
  ++models[request.model].queued;
  tree.count_queued(request.lane, request.queued_cost);
  place_deadline(index);
  set_heaviness(request.tenant);
  if (line.front() == index) tree.set_head(request.lane, request.arrival_number);
}

void Admission::State::place_deadline(RequestIndex index) {
  const Request& request = requests[index];
  if (request.deadline < request.arrived + limits.admission_timeout) {
    deadlines.set({.key = request.deadline.since_start().count(), .since = request.arrival_number, .item = index});
  } else {
    deadlines.erase(index);
  }
}

void Admission::State::dequeue(RequestIndex index) {
  Request& request = requests[index];
  if (first_young == index) first_young = request.in_pool.after;
  if (guard_from == index) guard_from = request.in_pool.after;
  if (request.aged) --aged;
  waiting_chain.unlink<&Request::in_pool>(requests, index);
  tree.node(request.tenant).waiting.unlink<&Request::in_tenant>(requests, index);
  Chain<RequestIndex>& line = tree.requests_at(request.lane);
  const bool was_head = line.front() == index;
  line.unlink<&Request::in_lane>(requests, index);
  models[request.model].observe_drain(now);
  --models[request.model].queued;
  tree.count_dequeued(request.lane, request.queued_cost);
  deadlines.erase(index);
  set_heaviness(request.tenant);
  if (!was_head) return;
  const RequestIndex head = line.front();
  tree.set_head(request.lane, head == RequestIndex::none ? std::nullopt : std::optional(requests[head].arrival_number));
}

void Admission::State::set_heaviness(NodeIndex tenant) {
  const ShareNode& node = tree.node(tenant);
  if (node.queued == 0) {
    heaviest.erase(tenant);
    return;
  }
  heaviest.set({.key = -virtual_of(node.queued_cost, node.account.weight()),
                .since = requests[node.waiting.front()].arrival_number,
                .item = tenant});
}

void Admission::State::refuse(RequestIndex index, RefusalReason reason) {
  const Request& request = requests[index];
  const Duration after = retry_after(request.lane);
  if (request.state == Request::State::waiting) dequeue(index);
  actions->refused.push_back(
      {.waiter = request.waiter, .reason = reason, .retry_after = after, .wait = now - request.arrived});
  requests.give_back(index);
}

Duration Admission::State::retry_after(LaneIndex lane) {
  return std::clamp(expected_wait(lane).value_or(Duration::zero()), retry_after_min, retry_after_max);
}

// All have the admission timeout, as it is now, so whoever came first is overdue first; those whose own deadline is
// sooner stand in the heap.
void Admission::State::refuse_overdue() {
  while (next_deadline() <= now) {
    const bool from_heap = !deadlines.empty() && Instant(Duration(deadlines.top().key)) <= now;
    refuse(from_heap ? deadlines.top().item : waiting_chain.front(), RefusalReason::timed_out);
  }
}

Instant Admission::State::next_deadline() const {
  Instant earliest = Instant::distant_future();
  if (!deadlines.empty()) earliest = Instant(Duration(deadlines.top().key));
  if (waiting_chain.empty()) return earliest;
  return std::min(earliest, requests[waiting_chain.front()].arrived + limits.admission_timeout);
}

// All that wait of a tenant, or of one of its keys.
void Admission::State::refuse_below(NodeIndex node) {
  const bool whole_tenant = tree.node(node).level == Level::tenant;
  const NodeIndex tenant = whole_tenant ? node : tree.node(node).parent;
  for (RequestIndex index = tree.node(tenant).waiting.front(); index != RequestIndex::none;) {
    const RequestIndex next = requests[index].in_tenant.after;
    if (whole_tenant || requests[index].key == node) refuse(index, RefusalReason::not_admitted);
    index = next;
  }
}

// All that wait for a model.
void Admission::State::refuse_for(ModelIndex model) {
  for (RequestIndex index = waiting_chain.front(); index != RequestIndex::none;) {
    const RequestIndex next = requests[index].in_pool.after;
    if (requests[index].model == model) refuse(index, RefusalReason::not_admitted);
    index = next;
  }
}

}  // namespace obleth::fairshare
