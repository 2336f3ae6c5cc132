// Who goes next: the tree group → tenant → key, each parent sharing among its children by the same rule.
//
// Start-time fair queueing: the child with the smallest start tag (settled + reserved service by weight) goes first.
// Settled service alone moves virtual time, so reservations cannot inflate it. Every cost is charged to the whole path.
// Knows no requests, only that a leaf lane has one waiting. Thread: that of the engine.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "core/fairshare/events.hpp"
#include "core/fairshare/node_names.hpp"
#include "core/fairshare/share_node.hpp"
#include "core/fairshare/slot_array.hpp"
#include "domain/ids.hpp"

namespace obleth::fairshare {

// The leaf lane whose head goes next.
struct Pick {
  LaneIndex leaf = LaneIndex::none;
  std::int64_t key = 0;                   // start tag that won, tenant level
  std::int64_t virtual_time = 0;          // of the tenant's group, before this pick
  std::array<std::int64_t, 3> settled{};  // per level below the root: virtual time may rise to this
  bool moves_time = true;                 // false: it went out of turn
};

// The end of a request, in milli-tokens.
struct Settlement {
  std::int64_t cost = 0;      // in all
  std::int64_t charged = 0;   // of that, while it ran; may turn out to be more than the cost
  std::int64_t reserved = 0;  // what is left of its reservation
  Levels unopposed;           // where no sibling waited when it was given its slot
};

class ShareTree {
 public:
  ShareTree();

  // ---- structure
  [[nodiscard]] NodeIndex root() const { return NodeIndex{0}; }
  [[nodiscard]] NodeIndex find_group(GroupId id) const;
  [[nodiscard]] NodeIndex find_tenant(TenantId id) const;
  [[nodiscard]] NodeIndex find_key(TenantId tenant, KeyId id) const;
  NodeIndex add_group(GroupId id, const NodeSettings& settings);
  NodeIndex add_tenant(TenantId id, NodeIndex group, const NodeSettings& settings);
  NodeIndex add_key(KeyId id, NodeIndex tenant, const NodeSettings& settings);
  void add_model(ModelIndex model);
  // The lane of a key for a model; made with all lanes above it on first use.
  LaneIndex leaf(NodeIndex key, ModelIndex model);

  [[nodiscard]] const ShareNode& node(NodeIndex index) const { return nodes_[index]; }
  [[nodiscard]] ShareNode& node(NodeIndex index) { return nodes_[index]; }
  [[nodiscard]] const Lane& lane(LaneIndex index) const { return lanes_[index]; }
  [[nodiscard]] EstimatePlace& estimate_at(LaneIndex tenant) { return lanes_[tenant].learned; }
  [[nodiscard]] Chain<RequestIndex>& requests_at(LaneIndex leaf) { return lanes_[leaf].requests; }
  [[nodiscard]] std::size_t node_extent() const { return nodes_.extent(); }

  // ---- what waits
  void count_queued(LaneIndex leaf, std::int64_t cost);
  void count_dequeued(LaneIndex leaf, std::int64_t cost);
  // One that waits is expected to cost so much more, or less.
  void change_queued_cost(LaneIndex leaf, std::int64_t difference);
  // A leaf's head: since is its arrival number; absent when nothing waits any more.
  void set_head(LaneIndex leaf, std::optional<std::uint64_t> since);

  // ---- turns
  [[nodiscard]] std::optional<Pick> pick();
  // May the head of this leaf go now: nothing above it is parked, and its model is open.
  [[nodiscard]] bool eligible(LaneIndex leaf) const;
  // May some request that waits of this tenant.
  [[nodiscard]] bool some_eligible(NodeIndex tenant) const;
  // Would a request of this key, were it alone, have to wait for more than a slot?
  [[nodiscard]] bool has_room(NodeIndex key, ModelIndex model) const;
  [[nodiscard]] Pick out_of_turn(LaneIndex leaf);
  // A request of the pick takes a slot; its estimate is reserved on the whole path. Where no sibling waits that could
  // have had the slot instead is returned, for its end.
  [[nodiscard]] Levels begin(const Pick& pick, std::int64_t reservation);
  // Settles cost and changes the reservation. As long as both cancel out no key moves and no heap is touched.
  void charge(NodeIndex key, std::int64_t settled, std::int64_t reserved);
  // What was done elsewhere, for a tenant or for a group's tenants that are not known here.
  void charge_foreign(NodeIndex node, std::int64_t cost);
  // The request is over: its slot is free, and it cost what it cost.
  void end(NodeIndex key, const Settlement& settlement);

  // ---- settings
  void set_model_gate(ModelIndex model, ModelGate gate);
  void configure(NodeIndex node, const NodeSettings& settings);
  void move_tenant(NodeIndex tenant, NodeIndex group);
  // C*: using idle capacity is never punished by more than this. What was done while siblings waited is paid for to
  // the last unit. 0: no debt is forgiven.
  void set_largest_cost(std::int64_t cost) { largest_cost_ = cost; }

  // ---- forgetting
  // Drops nodes that have had no request for a while and stand at or behind virtual time: recreating one gives the
  // same. Looks at a few nodes per call.
  void forget_idle(Instant now);
  // A deleted group goes like an idle node does; one that comes back stays.
  void mark_gone(NodeIndex group, bool is_gone);
  // No request will be for this model any more: its lanes are dropped, a few at every call of forget_idle.
  void retire(ModelIndex model);
  // A retired model that has no lanes left, once: its index may be given to another.
  [[nodiscard]] std::optional<ModelIndex> forgotten_model();

  // Empty when all is well. Looks at everything; for tests and simulations.
  [[nodiscard]] std::string_view broken_invariant() const;

  [[nodiscard]] std::int64_t forgiven_cost() const { return forgiven_cost_; }
  // Virtual time that the node is behind (> 0) or ahead of (< 0) its share.
  [[nodiscard]] std::int64_t lag(NodeIndex node) const;
  // Virtual service, had or reserved, by which the node of this lane is ahead of the sibling that goes next: so much
  // has to be served before its turn comes. Never negative.
  [[nodiscard]] std::int64_t lead(LaneIndex lane);
  // Some request for it may go.
  [[nodiscard]] bool model_open(ModelIndex model) const { return gate_of(model) != ModelGate::closed; }
  [[nodiscard]] ModelGate gate_of(ModelIndex model) const { return gates_[static_cast<std::size_t>(model)].state; }
  // By weight, the siblings that share what the model of this lane drains, or the pool where it is open: at least those
  // who stand in a line that moves, at most all who wait.
  [[nodiscard]] std::int64_t rival_weight(LaneIndex lane) const;

 private:
  struct Gate {
    ModelGate state = ModelGate::open;
    bool retired = false;
    std::uint32_t reopened = 0;
    std::uint32_t lanes = 0;
    std::uint32_t queued = 0;
  };

  struct Sums {
    std::uint32_t in_flight = 0;
    std::uint32_t queued = 0;
    std::uint32_t children = 0;
    std::int64_t reserved = 0;
    std::int64_t queued_cost = 0;
    std::int64_t ready_weight = 0;
    bool operator==(const Sums&) const = default;
  };

  [[nodiscard]] std::string_view broken_lane(NodeIndex node) const;
  NodeIndex add_node(Bits128 id, NodeIndex parent, const NodeSettings& settings);
  LaneIndex lane_of(NodeIndex node, ModelIndex model);
  void each_lane(NodeIndex node, auto&& act) const {
    for (LaneIndex lane = nodes_[node].first_lane; lane != LaneIndex::none; lane = lanes_[lane].next)
      act(lane);
  }
  void each_below_root(NodeIndex key, auto&& act) const {
    for (NodeIndex at = key; at != root(); at = nodes_[at].parent)
      act(at);
  }
  [[nodiscard]] auto places() {
    return [this](LaneIndex lane) -> std::uint32_t& { return lanes_[lane].place; };
  }

  void enter(LaneIndex index);
  void leave(LaneIndex index);
  void wake(NodeIndex node);
  void begin_anew(NodeIndex node);
  void post(NodeIndex key, std::int64_t settled, std::int64_t reserved);
  void refresh(NodeIndex node);
  void forgive(LaneIndex index);
  void count_idle_cost(NodeIndex node, std::int64_t cost);
  [[nodiscard]] bool others_wait(NodeIndex child) const;
  void synchronise(Lane& line);
  [[nodiscard]] std::int64_t shift_now(const Lane& line) const;
  [[nodiscard]] std::int64_t reference(const Lane& line) const;
  [[nodiscard]] std::int64_t ahead(LaneIndex index);
  [[nodiscard]] LaneIndex first_child(NodeIndex parent);
  [[nodiscard]] LaneIndex oldest_head(NodeIndex key) const;
  void move_time(LaneIndex leaf, const Pick& pick);
  void park_or_return(NodeIndex node, bool was_parked);
  void hand_on_arrival(LaneIndex moved);
  void transfer(NodeIndex side, const ShareNode& tenant, int sign);
  void note_idleness(NodeIndex node);
  void end_idleness(NodeIndex node);
  [[nodiscard]] bool without_debt(NodeIndex node);
  [[nodiscard]] bool owes_siblings(NodeIndex node);
  [[nodiscard]] bool in_some_line(NodeIndex node) const;
  [[nodiscard]] bool comes_anew(NodeIndex node);
  [[nodiscard]] bool may_be_forgotten(NodeIndex node);
  void drop(NodeIndex node);
  void drop_lane(LaneIndex lane);
  void drop_retired_lanes(NodeIndex node);

  SlotArray<ShareNode, NodeIndex> nodes_;
  SlotArray<Lane, LaneIndex> lanes_;
  std::vector<Gate> gates_;
  std::uint32_t queued_elsewhere_ =
      0;  // requests that wait for models whose gates are not open: for no slot of the pool
  NodeNames groups_{nodes_};
  NodeNames tenants_{nodes_};
  NodeNames keys_{nodes_};
  Chain<NodeIndex> idle_;  // longest idle first
  std::uint32_t now_s_ = 0;
  std::vector<ModelIndex> retired_;  // models whose lanes are being dropped
  std::size_t next_swept_ = 0;       // node
  std::int64_t largest_cost_ = 0;
  std::int64_t forgiven_cost_ = 0;
};

}  // namespace obleth::fairshare
