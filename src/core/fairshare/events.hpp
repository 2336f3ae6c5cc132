// What happens to the scheduler, and what it decides: the whole interface of the fairshare engine.
//
// One event at a time goes in with the moment at which it happened; actions come out. No clock, no I/O, no thread.
// Source: reserve and true-up queueing (RTQ), start-time fair queueing with depth after Jin, Chase and Kaur (2004),
// charged in real tokens as in VTC (Sheng et al., 2024).
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/instant.hpp"
#include "domain/ids.hpp"
#include "domain/tenant.hpp"
#include "domain/tokens.hpp"

namespace obleth::fairshare {

// Names a request inside the engine from its arrival to its end. A stale ticket is never taken for another request.
struct Ticket {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  bool operator==(const Ticket&) const = default;
};

struct NodeSettings {
  std::uint32_t weight = default_weight;
  std::optional<std::uint32_t> max_in_flight;
  bool operator==(const NodeSettings&) const = default;
};

// When a tenant's answers are cut.
struct BrownoutSettings {
  BrownoutPolicy policy = BrownoutPolicy::allow;
  std::optional<std::uint32_t> wait_ms;  // its own threshold; absent: the pool's
  bool operator==(const BrownoutSettings&) const = default;
};

struct TokenCosts {
  std::int64_t admission_weight_thousandths = 1000;
  std::int64_t prompt_thousandths = 1000;  // of fairshare cost per uncached prompt token
  std::int64_t output_thousandths = 4000;
  std::int64_t slot_second_thousandths = 60'000;  // admission weight already multiplied in
  bool operator==(const TokenCosts&) const = default;
};

struct ModelSettings {
  std::optional<std::uint32_t> max_in_flight;
  TokenCosts costs;
  std::int64_t brownout_floor = 256;  // output tokens below which no answer is cut
  std::uint32_t gpus = 1;             // that work on it at a time, for GPU time
  bool operator==(const ModelSettings&) const = default;
};

// ---- events -----------------------------------------------------------------------------------------------------

// A request joins the queue. Settings of the path are as the request knows them; newer ones came by a Set event.
struct Arrive {
  std::uint64_t waiter = 0;  // the caller's own mark; comes back in every action about this request
  GroupId group;
  TenantId tenant;
  KeyId key;
  ModelId model;  // nil: none that is registered
  NodeSettings group_settings;
  NodeSettings tenant_settings;
  NodeSettings key_settings;
  BrownoutSettings brownout;       // the tenant's
  std::int64_t prompt_tokens = 0;  // estimated
  std::int64_t answers = 1;        // that are asked for together; the cap is each one's
  std::int64_t requested_cap = 0;  // output tokens asked for, or the model's default where none is asked for
  bool brownout_exempt = false;    // a cut answer would be broken (JSON schema, forced tool call), or no field to cut
  Instant deadline = Instant::distant_future();  // waits no longer than this; capped by the admission timeout
};

// Generated so far, cumulative. The caller coalesces to 32 tokens or 100 ms.
struct Progress {
  Ticket ticket;
  std::int64_t output_tokens = 0;
};

// The request is over: its slot is free. Absent usage settles what Progress told.
struct Finish {
  Ticket ticket;
  bool reached_upstream = true;  // false: charged nothing
  bool learn = true;             // a complete answer teaches the output estimate; a cut one does not
  std::optional<TokenUsage> usage;
};

// A waiting client left. After the grant the same event is a Finish that never reached the upstream.
struct Withdraw {
  Ticket ticket;
};

struct SetCapacity {
  std::uint32_t slots = 0;
};
// For how long may be waited, and by how many: for who waits already, too, but that it keeps its place in a queue that
// is too long now.
struct SetWaitLimits {
  std::uint32_t tenant_queue_max = 0;  // requests
  std::uint32_t pool_queue_max = 0;    // requests
  Duration admission_timeout{0};
  Duration brownout_wait{0};
};
// Of the pool's slots this process may use so many: several share one pool. Absent: all of them.
struct SetLease {
  std::optional<std::uint32_t> slots;
  Instant until = Instant::distant_future();
  std::uint32_t slots_after = 0;  // from then on
};
// What a tenant's requests came to, in milli-tokens; below zero where less was used than was charged before.
struct TenantCost {
  TenantId tenant;
  std::int64_t cost = 0;
  GroupId group = {};
};
// What other processes that share the pool did: it counts for whose turn it is here. What was done for a tenant that is
// not known here counts for its group.
struct CountForeign {
  std::vector<TenantCost> costs;
};
struct SetModel {
  ModelId model;
  ModelSettings settings;
  bool admits = true;  // false: queued requests are refused (disabled, deleted)
};
// Whether an endpoint of it works, as far as is known. While none does, one request at a time goes there: the try that
// may bring it back. The others wait and hold no slots.
struct SetEligible {
  ModelId model;
  bool eligible = true;
};
// It is gone from the record: what waits for it is refused, what runs ends, and then it is forgotten.
struct ForgetModel {
  ModelId model;
};
struct SetGroup {
  GroupId group;
  NodeSettings settings;
};
// It is gone from the record: forgotten once no tenant is known in it.
struct ForgetGroup {
  GroupId group;
};
struct SetTenant {
  TenantId tenant;
  GroupId group;  // a change moves the tenant, its queue and its running requests
  NodeSettings settings;
  BrownoutSettings brownout;
  bool admits = true;  // false: queued requests are refused (suspended, archived, deleted)
};
struct SetKey {
  KeyId key;
  TenantId tenant;
  NodeSettings settings;
  bool admits = true;  // false: queued requests are refused (disabled, deleted)
};
// Time has passed: refuse what waited too long, accrue slot seconds. Due at next_wakeup().
struct Tick {};

using Event = std::variant<Arrive, Progress, Finish, Withdraw, SetCapacity, SetWaitLimits, SetLease, CountForeign,
                           SetModel, SetEligible, ForgetModel, SetGroup, ForgetGroup, SetTenant, SetKey, Tick>;

// ---- actions ----------------------------------------------------------------------------------------------------

// Why a request could not go on arrival; the narrowest reason that holds.
enum class WaitCause : std::uint8_t {
  none,             // it went
  pool_full,        // every slot was taken
  model_full,       // the model's own slots were
  model_down,       // no endpoint of the model worked, and another request was trying
  in_flight_limit,  // of its key, tenant or group
};

struct Queued {
  std::uint64_t waiter = 0;
  Ticket ticket;
  Duration predicted_wait{0};
  std::uint32_t position = 0;  // requests of this tenant ahead of it
  WaitCause cause = WaitCause::pool_full;
};

struct Granted {
  std::uint64_t waiter = 0;
  Ticket ticket;
  bool waited = false;  // false: admitted on arrival
  Duration wait{0};
  std::optional<std::int64_t> output_cap;  // brownout: each answer must be cut to this; absent = untouched
  std::int64_t fair_estimate = 0;          // output tokens expected of all answers
  MilliCost reserved_cost;                 // for them and the prompt
  std::int64_t key = 0;                    // virtual start that won, tenant level
  std::int64_t virtual_time = 0;
  bool by_age_guard = false;
  std::uint32_t tenant_weight = 0;
};

enum class RefusalReason : std::uint8_t {
  tenant_queue_full,
  pool_queue_full,
  predicted_too_long,
  timed_out,
  not_admitted
};

struct Refused {
  std::uint64_t waiter = 0;
  RefusalReason reason = RefusalReason::tenant_queue_full;
  Duration retry_after{0};  // 1 – 60 s, before jitter (the caller adds ± 20 %)
  Duration wait{0};
};

// What a finished request was charged. Comes out of Finish (and of Withdraw after a grant).
struct Settled {
  Ticket ticket;
  MilliCost cost;
  Duration slot_time{0};
  Duration gpu_time{0};
  std::int64_t gpu_ms = 0;  // the same in whole milliseconds; remainders are carried from request to request
};

// Cleared by the caller; keeps its memory between steps.
struct Actions {
  std::vector<Queued> queued;
  std::vector<Granted> granted;
  std::vector<Refused> refused;
  std::vector<Settled> settled;
  void clear() {
    queued.clear();
    granted.clear();
    refused.clear();
    settled.clear();
  }
};

}  // namespace obleth::fairshare
