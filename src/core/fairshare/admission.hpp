// The fairshare engine: a slot is free, who goes next?
//
// Integers only; every decision can be replayed from the sequence of events. Thread: none of its own; the owner
// (gateway/admission_desk) holds one mutex around step().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/instant.hpp"
#include "core/fairshare/events.hpp"

namespace obleth::fairshare {

enum class Algorithm : std::uint8_t { hierarchical, weighted };  // weighted: one implicit group

struct AdmissionLimits {
  std::uint32_t capacity = 256;           // slots
  std::uint32_t tenant_queue_max = 256;   // requests
  std::uint32_t pool_queue_max = 20'000;  // requests
  Duration admission_timeout = std::chrono::seconds(60);
  Duration brownout_wait = std::chrono::milliseconds(5000);
  Algorithm algorithm = Algorithm::hierarchical;
  bool shares_pool = false;  // other processes have their part of it: what is done here is kept for them to hear
};

// What a tenant could use of the pool now.
struct TenantDemand {
  TenantId tenant;
  GroupId group;
  std::uint32_t weight = 0;
  std::uint32_t group_weight = 0;
  std::uint32_t slots = 0;  // that it has and could have
  bool waits = false;       // some of them it does not have
  bool overdue = false;     // the age guard would call it now
  bool operator==(const TenantDemand&) const = default;
};

// What the engine tells those with whom it shares the pool.
struct PoolView {
  std::uint32_t capacity = 0;         // slots, of all
  std::vector<TenantDemand> demands;  // of everybody who runs something or could
  std::vector<TenantCost> work;       // charged since it was last told
};

// Entitled and received are parts of a million of the pool's work of the last seconds: ShareMeter fills them in.
struct NodeShare {
  TenantId tenant;
  GroupId group;
  std::uint32_t weight = 0;
  std::optional<std::uint32_t> max_in_flight;
  std::uint32_t in_flight = 0;
  std::uint32_t queued = 0;
  MilliCost settled_cost;  // of requests that are over, since it is known: an idle tenant is forgotten after a minute
  MilliCost running_cost;  // charged so far to those that run
  MilliCost reserved_cost;
  MilliCost queued_cost;  // estimates of those that wait
  std::int64_t lag = 0;   // virtual time behind (> 0) or ahead of (< 0) its share
  Duration oldest_wait{0};
  std::optional<Duration> predicted_wait;  // of a request that came now; absent: nothing can be said yet
  std::int64_t entitled_ppm = 0;
  std::int64_t received_ppm = 0;
};

struct GroupShare {
  GroupId group;
  std::uint32_t weight = 0;
  std::optional<std::uint32_t> max_in_flight;
  std::uint32_t in_flight = 0;
  std::uint32_t queued = 0;
  MilliCost settled_cost;
  std::int64_t entitled_ppm = 0;
  std::int64_t received_ppm = 0;
};

struct ModelShare {
  ModelId model;
  std::optional<std::uint32_t> max_in_flight;
  bool eligible = true;  // an endpoint works
  std::uint32_t in_flight = 0;
  std::uint32_t queued = 0;
  Duration busy_gpu_time{0};
};

struct Snapshot {
  std::uint32_t capacity = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t queued = 0;
  std::int64_t virtual_time = 0;
  std::int64_t drain_rate_per_second = 0;  // milli-cost
  std::int64_t forgiven_cost = 0;          // by the debt cap, milli-cost
  std::uint64_t age_guard_picks = 0;
  std::uint64_t unleased_grants = 0;  // after the lease of a shared pool had ended
  std::vector<GroupShare> groups;
  std::size_t tenants_known = 0;  // of which some may be left out below
  std::vector<NodeShare> tenants;
  std::vector<ModelShare> models;
};

// A key that has a request, or had one lately.
struct KnownKey {
  KeyId key;
  TenantId tenant;
};

// How far what is told in parts has come.
struct SnapshotPlace {
  static constexpr std::size_t nodes_per_part = 1024;

  bool complete = false;
  std::size_t next_node = 0;
  std::unordered_map<std::uint32_t, std::int64_t> running_costs;  // by node, of the tenants that run something
};

class Admission {
 public:
  explicit Admission(const AdmissionLimits& limits);
  ~Admission();
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // now never runs backwards. Appends to actions. An Arrive yields exactly one of Queued, Granted, Refused for its
  // waiter at once, and a queued one exactly one of Granted, Refused later unless it is withdrawn.
  void step(const Event& event, Instant now, Actions& actions);

  // When the next Tick is due; distant_future when nothing waits.
  [[nodiscard]] Instant next_wakeup() const;

  [[nodiscard]] std::uint32_t in_flight() const;
  [[nodiscard]] std::uint32_t queued() const;
  [[nodiscard]] std::uint32_t capacity() const;
  // Learned mean output of this tenant and model; the model's mean stands in; absent before the first.
  [[nodiscard]] std::optional<std::int64_t> learned_output(TenantId tenant, ModelId model) const;
  [[nodiscard]] Snapshot snapshot(Instant now) const;
  // The next part of one, so that an owner of very many tenants can do other work in between; the first tells of the
  // pool and the models.
  void add_to_snapshot(Snapshot& shares, SnapshotPlace& place, Instant now) const;
  // The next part of the keys that are known.
  void add_known_keys(std::vector<KnownKey>& keys, SnapshotPlace& place) const;
  // What waits for a full model or at a cap is no demand. Work is told once, and only if limits.shares_pool.
  [[nodiscard]] PoolView tell_pool();
  // Empty when all is well. Looks at everything; for tests and simulations.
  [[nodiscard]] std::string_view broken_invariant() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace obleth::fairshare
