// The inside of Admission: what it knows, and one function per thing that can happen.
//
// admission_arrive.cpp, admission_dispatch.cpp, admission_settle.cpp and admission_configure.cpp each hold one part of
// a request's way. Thread: that of the engine's owner.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>

#include "core/fairshare/admission.hpp"
#include "core/fairshare/largest_cost.hpp"
#include "core/fairshare/model_table.hpp"
#include "core/fairshare/output_estimate.hpp"
#include "core/fairshare/request_table.hpp"
#include "core/fairshare/share_tree.hpp"

namespace obleth::fairshare {

struct Admission::State {
  explicit State(const AdmissionLimits& given) : limits(given) {}

  // ---- admission_arrive.cpp: into the queue, or not
  void on(const Arrive& event);
  [[nodiscard]] NodeIndex path_of(const Arrive& event);
  [[nodiscard]] ModelIndex model_of(ModelId id);
  [[nodiscard]] RequestIndex make_request(const Arrive& event, LaneIndex lane);
  [[nodiscard]] bool may_go_at_once(const Request& request) const;
  [[nodiscard]] WaitCause cause_of_wait(const Request& request) const;
  [[nodiscard]] std::optional<RefusalReason> objection(const Request& request, bool goes_at_once, Duration predicted);
  [[nodiscard]] bool would_wait_too_long(const Request& request, Duration predicted) const;
  [[nodiscard]] bool make_room(NodeIndex tenant);
  void enqueue(RequestIndex index);
  void dequeue(RequestIndex index);
  void place_deadline(RequestIndex index);
  void set_heaviness(NodeIndex tenant);
  void refuse(RequestIndex index, RefusalReason reason);
  [[nodiscard]] Duration retry_after(LaneIndex lane);
  void refuse_overdue();
  [[nodiscard]] Instant next_deadline() const;
  void refuse_below(NodeIndex node);
  void refuse_for(ModelIndex model);

  // ---- admission_dispatch.cpp: who goes next
  // Of a tenant's queue, what takes from the same slots as one of its requests: all for the model that it asks and,
  // while that is open, for the others that are.
  struct QueueAhead {
    std::int64_t cost = 0;
    bool is_guessed = false;  // caps stand for the lengths of some
  };
  void dispatch();
  [[nodiscard]] std::optional<Pick> next_pick();
  [[nodiscard]] std::optional<Pick> overdue_pick();
  [[nodiscard]] NodeIndex overdue_tenant();
  void grant(const Pick& pick);
  [[nodiscard]] std::optional<std::int64_t> softened(const Request& request, std::int64_t learned_output);
  [[nodiscard]] Duration threshold_of(const Request& request) const;
  [[nodiscard]] std::int64_t floor_of(const Request& request) const;
  [[nodiscard]] std::int64_t learned_output(const Request& request) const;
  [[nodiscard]] std::int64_t expected_output(const Request& request) const;
  [[nodiscard]] std::int64_t estimated_cost(const Request& request, std::int64_t output_of_each) const;
  [[nodiscard]] std::optional<Duration> predicted(LaneIndex lane);
  [[nodiscard]] std::optional<Duration> expected_wait(LaneIndex lane);
  [[nodiscard]] QueueAhead queue_ahead(LaneIndex leaf) const;
  [[nodiscard]] Duration wait_for_guard(LaneIndex lane);
  void note_aged();
  [[nodiscard]] const DrainRate& drain_of(ModelIndex model) const;

  // ---- admission_settle.cpp: what it really cost
  void on(const Progress& event);
  void on(const Finish& event);
  void on(const Withdraw& event);
  void on(const Tick& event);
  void accrue(Request& request);
  [[nodiscard]] std::int64_t cost_so_far(const Request& request) const;
  [[nodiscard]] std::int64_t final_cost(const Request& request, const Finish& event) const;
  [[nodiscard]] std::int64_t extension(const Request& request) const;
  void count_work(const Request& request, std::int64_t cost);
  void note_size(std::int64_t cost);
  void finish(RequestIndex index, const Finish& event);
  void learn(const Request& request, std::int64_t output_tokens);
  void estimate_anew(ModelIndex model);

  // ---- admission_configure.cpp: settings
  void on(const SetCapacity& event);
  void on(const SetWaitLimits& event);
  void on(const SetLease& event);
  void on(const CountForeign& event);
  void on(const SetModel& event);
  void on(const SetEligible& event);
  void on(const ForgetModel& event);
  void on(const SetGroup& event);
  void on(const ForgetGroup& event);
  void on(const SetTenant& event);
  void on(const SetKey& event);
  void set_brownout(NodeIndex tenant, const BrownoutSettings& settings);
  void gate(ModelIndex model);
  void retire_if_over(ModelIndex model);
  [[nodiscard]] GroupId group_of(GroupId named) const;

  // ---- admission_snapshot.cpp: for people to look at; changes no decision
  void begin_snapshot(Snapshot& shares, SnapshotPlace& place, Instant at) const;
  void add_to_snapshot(Snapshot& shares, SnapshotPlace& place, Instant at);
  [[nodiscard]] NodeShare tenant_share(NodeIndex index, std::int64_t running_cost, Instant at);

  void step(const Event& event, Instant at, Actions& out);
  void begin_step(Instant at, Actions& out);
  [[nodiscard]] std::uint32_t running() const { return tree.node(tree.root()).in_flight; }
  // That may be taken at this moment.
  [[nodiscard]] std::uint32_t slots() const {
    if (!lease.slots) return limits.capacity;
    return std::min(limits.capacity, now < lease.until ? *lease.slots : lease.slots_after);
  }
  // Whoever has waited longer may go out of turn.
  [[nodiscard]] Duration guard_age() const { return limits.admission_timeout / 2; }
  [[nodiscard]] std::uint32_t waiting() const { return tree.node(tree.root()).queued; }

  AdmissionLimits limits;
  ShareTree tree;
  ModelTable models;
  RequestTable requests;
  OutputEstimates estimates;
  LargestCost largest;
  LargestCost largest_foreign;  // of what others that share the pool told at once
  DrainRate drain;
  Chain<RequestIndex> waiting_chain;   // by arrival
  Chain<RequestIndex> running_chain;   // by grant
  PlacedHeap<RequestIndex> deadlines;  // of what waits and has less time than the admission timeout
  PlacedHeap<NodeIndex> heaviest;      // tenants that wait, most queued cost by weight first
  SetLease lease;
  boost::unordered_flat_map<TenantId, std::int64_t> work;  // charged since it was last taken, where the pool is shared
  std::uint64_t arrivals = 0;
  std::uint64_t completions = 0;
  std::uint64_t age_guard_picks = 0;
  std::uint64_t unleased_grants = 0;
  std::uint32_t turns_since_guard = 0;
  RequestIndex guard_from = RequestIndex::none;  // where the guard's next search begins; none: with the oldest
  std::int64_t guard_rest = 0;  // milli-tokens that a shared pool has to do before its guard asks for a slot here again
  std::uint32_t aged = 0;       // of what waits, so many were older than guard_age when last looked at
  RequestIndex first_young = RequestIndex::none;  // the next one
  Instant accrued;                                // when slot time was last charged to all that run

  // Of the step being made.
  Instant now;
  Actions* actions = nullptr;
};

}  // namespace obleth::fairshare
