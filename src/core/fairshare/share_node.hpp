// The parts of the share tree: nodes (who shares) and lanes (a node's way to one model).
//
// A node keeps what it used, whatever the model; a lane keeps where its node stands in the line for one model. The lane
// of a parent holds the heap of its children's lanes, so the lanes of one model form a tree of heaps. Thread: that of
// the engine.
#pragma once

#include <cstdint>

#include "base/strong_id.hpp"
#include "core/fairshare/chain.hpp"
#include "core/fairshare/indexed_heap.hpp"
#include "core/fairshare/virtual_account.hpp"
#include "domain/tenant.hpp"

namespace obleth::fairshare {

enum class NodeIndex : std::uint32_t { none = 0xFFFF'FFFF };
enum class LaneIndex : std::uint32_t { none = 0xFFFF'FFFF };
enum class ModelIndex : std::uint32_t { none = 0xFFFF'FFFF };
enum class RequestIndex : std::uint32_t { none = 0xFFFF'FFFF };

enum class Level : std::uint8_t { root, group, tenant, key };

// Whether requests may go to a model: none, since it is full; one, to see whether it works; or any.
enum class ModelGate : std::uint8_t { closed, tried, open };

// Some of the levels below the root.
class Levels {
 public:
  void add(Level level) { bits_ |= bit(level); }
  [[nodiscard]] bool has(Level level) const { return (bits_ & bit(level)) != 0; }

 private:
  static std::uint8_t bit(Level level) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(level)); }
  std::uint8_t bits_ = 0;
};

inline constexpr std::uint32_t unlimited = 0xFFFF'FFFF;

struct ShareNode {
  Bits128 id;
  VirtualAccount account;
  std::int64_t offset = 0;        // since it last came from idleness: start tag + offset compares with virtual time
  std::int64_t settled_cost = 0;  // milli-tokens of requests that are over; never falls
  std::int64_t virtual_time = 0;  // V of its children; never falls
  std::int64_t queued_cost = 0;   // estimates of the requests that wait below it
  std::int64_t ready_weight = 0;  // sum over its children with waiting requests
  NodeIndex parent = NodeIndex::none;
  LaneIndex first_lane = LaneIndex::none;
  std::uint32_t max_in_flight = unlimited;
  std::uint32_t in_flight = 0;
  std::uint32_t queued = 0;
  std::uint32_t children = 0;
  Chain<RequestIndex> waiting;  // tenants: their requests, in order of arrival
  Links<NodeIndex> idle;
  std::uint32_t idle_since_s = 0;
  std::uint32_t woken = 0;  // how often it came from idleness, without debt
  std::uint32_t epoch = 0;  // of a tenant's keys: debts among them are void once the tenant comes without debt
  std::uint32_t brownout_wait_ms : 24 = 0;              // tenants: the threshold of their own; 0: the pool's
  BrownoutPolicy brownout : 2 = BrownoutPolicy::allow;  // tenants
  Level level : 2 = Level::root;
  bool admits : 1 = true;
  bool is_idle : 1 = false;
  bool in_use : 1 = false;
  bool is_gone : 1 = false;  // groups: deleted, to be forgotten once empty

  // A parked node stands in no heap: it blocks nobody, and comes back as one that was idle.
  [[nodiscard]] bool parked() const { return in_flight >= max_in_flight; }
};
static_assert(sizeof(ShareNode) <= 150, "100,000 tenants must stay small");

// Where the learned output of a tenant and model is kept. A place may be given to another pair: its generation tells.
struct EstimatePlace {
  std::uint32_t at = 0;
  std::uint32_t generation = 0;  // 0: none yet
};

// On whole cache lines: a turn looks at a handful of lanes that are cold.
struct alignas(64) Lane {
  // Its place among its siblings.
  std::int64_t offset = 0;  // added to the node's start tag; holds as long as woken_seen is the node's
  std::uint64_t since = 0;  // breaks ties: the arrival that made it ready; at the leaf that of the head
  std::uint32_t place = no_place;
  std::uint32_t woken_seen = 0;
  NodeIndex node = NodeIndex::none;
  ModelIndex model = ModelIndex::none;
  LaneIndex up = LaneIndex::none;    // the lane of the node's parent; none at the root
  LaneIndex next = LaneIndex::none;  // of the same node

  // The line of its children; empty at the leaf, where requests wait instead.
  std::uint32_t below : 31 = 0;     // lanes of the node's children that lead here, in line or not
  bool has_request : 1 = false;     // leaf: a request waits
  std::uint32_t reopened_seen = 0;  // how often the model had come back when the line was last brought up to date
  std::int64_t clock = 0;           // V within this line
  std::int64_t shift = 0;           // clock + shift compares with other models; grows when the model was full meanwhile
  IndexedHeap<LaneIndex> ready;
  std::int64_t ready_weight = 0;  // sum over the children in line
  Chain<RequestIndex> requests;   // leaf: what waits, kept by the owner of the requests
  EstimatePlace learned;          // tenants: kept by the owner of the estimates
  std::int64_t queued_cost = 0;   // tenants: estimates of the requests that wait for this model
  std::int64_t idle_cost = 0;     // milli-tokens done on slots that no sibling wanted: debt for them may be forgiven

  [[nodiscard]] bool has_work() const { return has_request || !ready.empty(); }
  [[nodiscard]] bool in_line() const { return place != no_place; }
};
static_assert(sizeof(Lane) <= 128, "a lane is two cache lines");

}  // namespace obleth::fairshare
