// What the tree is made of: nodes and lanes come, are counted, and are forgotten.
#include "core/fairshare/share_tree.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace obleth::fairshare {

namespace {

constexpr std::uint32_t forget_after_s = 60;
constexpr int looks_per_call = 2;  // more than one node can fall idle per event, on average, so nothing piles up
constexpr int swept_per_call = 16;

}  // namespace

ShareTree::ShareTree() {
  const NodeIndex index = nodes_.take();
  nodes_[index].in_use = true;
}

NodeIndex ShareTree::find_group(GroupId id) const {
  return groups_.find(id.bits);
}
NodeIndex ShareTree::find_tenant(TenantId id) const {
  return tenants_.find(id.bits);
}
NodeIndex ShareTree::find_key(TenantId tenant, KeyId id) const {
  return keys_.find(id.bits, tenant.bits);
}

NodeIndex ShareTree::add_group(GroupId id, const NodeSettings& settings) {
  const NodeIndex index = add_node(id.bits, root(), settings);
  groups_.insert(index);
  return index;
}
NodeIndex ShareTree::add_tenant(TenantId id, NodeIndex group, const NodeSettings& settings) {
  const NodeIndex index = add_node(id.bits, group, settings);
  tenants_.insert(index);
  return index;
}
NodeIndex ShareTree::add_key(KeyId id, NodeIndex tenant, const NodeSettings& settings) {
  const NodeIndex index = add_node(id.bits, tenant, settings);
  keys_.insert(index);
  return index;
}

NodeIndex ShareTree::add_node(Bits128 id, NodeIndex parent, const NodeSettings& settings) {
  const NodeIndex index = nodes_.take();
  ShareNode& node = nodes_[index];
  node = ShareNode{};
  node.in_use = true;
  node.id = id;
  node.account = VirtualAccount(settings.weight);
  node.max_in_flight = settings.max_in_flight.value_or(unlimited);
  node.parent = parent;
  node.level = static_cast<Level>(static_cast<int>(nodes_[parent].level) + 1);
  end_idleness(parent);
  ++nodes_[parent].children;
  note_idleness(index);
  return index;
}

void ShareTree::add_model(ModelIndex model) {
  const auto at = static_cast<std::size_t>(model);
  if (gates_.size() <= at) gates_.resize(at + 1);
  gates_[at] = {};
}

LaneIndex ShareTree::leaf(NodeIndex key, ModelIndex model) {
  return lane_of(key, model);
}

LaneIndex ShareTree::lane_of(NodeIndex node, ModelIndex model) {
  for (LaneIndex lane = nodes_[node].first_lane; lane != LaneIndex::none; lane = lanes_[lane].next) {
    if (lanes_[lane].model == model) return lane;
  }
  const NodeIndex parent = nodes_[node].parent;
  const LaneIndex up = parent == NodeIndex::none ? LaneIndex::none : lane_of(parent, model);
  const LaneIndex index = lanes_.take();
  Lane& lane = lanes_[index];
  lane.ready.clear();
  lane.below = 0;
  lane.clock = 0;
  lane.woken_seen = nodes_[node].woken - 1;  // it has not stood in line since its node came
  lane.shift = 0;
  lane.reopened_seen = 0;
  lane.place = no_place;
  lane.has_request = false;
  lane.requests = {};
  lane.learned = {};
  lane.ready_weight = 0;
  lane.idle_cost = 0;
  lane.queued_cost = 0;
  lane.node = node;
  lane.model = model;
  lane.up = up;
  lane.next = std::exchange(nodes_[node].first_lane, index);
  if (up != LaneIndex::none) ++lanes_[up].below;
  ++gates_[static_cast<std::size_t>(model)].lanes;
  return index;
}

void ShareTree::count_queued(LaneIndex leaf, std::int64_t cost) {
  const Lane& lane = lanes_[leaf];
  Gate& gate = gates_[static_cast<std::size_t>(lane.model)];
  ++gate.queued;
  if (gate.state != ModelGate::open) ++queued_elsewhere_;
  lanes_[lane.up].queued_cost += cost;
  for (NodeIndex index = lane.node; index != NodeIndex::none; index = nodes_[index].parent) {
    ShareNode& node = nodes_[index];
    end_idleness(index);
    node.queued_cost += cost;
    if (node.queued++ == 0 && node.parent != NodeIndex::none) nodes_[node.parent].ready_weight += node.account.weight();
  }
}

void ShareTree::count_dequeued(LaneIndex leaf, std::int64_t cost) {
  const Lane& lane = lanes_[leaf];
  Gate& gate = gates_[static_cast<std::size_t>(lane.model)];
  --gate.queued;
  if (gate.state != ModelGate::open) --queued_elsewhere_;
  lanes_[lane.up].queued_cost -= cost;
  for (NodeIndex index = lane.node; index != NodeIndex::none; index = nodes_[index].parent) {
    ShareNode& node = nodes_[index];
    node.queued_cost -= cost;
    if (--node.queued == 0 && node.parent != NodeIndex::none) nodes_[node.parent].ready_weight -= node.account.weight();
    note_idleness(index);
  }
}

void ShareTree::change_queued_cost(LaneIndex leaf, std::int64_t difference) {
  lanes_[lanes_[leaf].up].queued_cost += difference;
  for (NodeIndex index = lanes_[leaf].node; index != NodeIndex::none; index = nodes_[index].parent)
    nodes_[index].queued_cost += difference;
}

void ShareTree::note_idleness(NodeIndex index) {
  ShareNode& node = nodes_[index];
  // Groups are few, and tenants may be moved into one at any time: they stay until they are deleted.
  if (node.level < Level::tenant && !node.is_gone) return;
  if (node.is_idle || node.queued + node.in_flight + node.children > 0) return;
  node.is_idle = true;
  node.idle_since_s = now_s_;
  idle_.push_back<&ShareNode::idle>(nodes_, index);
}

void ShareTree::end_idleness(NodeIndex index) {
  ShareNode& node = nodes_[index];
  if (!node.is_idle) return;
  node.is_idle = false;
  idle_.unlink<&ShareNode::idle>(nodes_, index);
}

void ShareTree::forget_idle(Instant now) {
  now_s_ = static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now.since_start()).count());
  for (int look = 0; look < swept_per_call && !retired_.empty(); ++look) {
    drop_retired_lanes(static_cast<NodeIndex>(next_swept_));
    next_swept_ = next_swept_ + 1 < nodes_.extent() ? next_swept_ + 1 : 0;
  }
  for (int look = 0; look < looks_per_call && !idle_.empty(); ++look) {
    const NodeIndex index = idle_.front();
    if (now_s_ - nodes_[index].idle_since_s < forget_after_s) return;
    end_idleness(index);
    if (may_be_forgotten(index)) {
      drop(index);
    } else {
      note_idleness(index);
    }
  }
}

bool ShareTree::may_be_forgotten(NodeIndex index) {
  for (NodeIndex at = index; at != NodeIndex::none; at = nodes_[at].parent) {
    if (nodes_[at].is_gone) return true;
  }
  const ShareNode& node = nodes_[index];
  return without_debt(index) || (node.level == Level::key && comes_anew(node.parent));
}

// Only debt must be remembered: whoever is behind virtual time is lifted to it, known or not. What a key owes the other
// keys of its tenant is void once the tenant is idle and owes nothing itself; otherwise a tenant with one key, whom
// nobody overtakes, would be remembered for ever.
bool ShareTree::without_debt(NodeIndex index) {
  const ShareNode& node = nodes_[index];
  return (node.level == Level::key && node.epoch != nodes_[node.parent].epoch) || !owes_siblings(index);
}

// Measured by the clocks of the lines, which are never ahead of virtual time and never fall, so that who may be
// forgotten now may be later.
bool ShareTree::owes_siblings(NodeIndex index) {
  const ShareNode& node = nodes_[index];
  const std::int64_t settled = node.account.settled();
  bool owes = settled + node.offset > nodes_[node.parent].virtual_time;
  each_lane(index, [&](LaneIndex at) {
    const Lane& lane = lanes_[at];
    if (gates_[static_cast<std::size_t>(lane.model)].retired) return;
    Lane& line = lanes_[lane.up];
    synchronise(line);
    if (lane.woken_seen == node.woken && settled + lane.offset > line.clock) owes = true;
  });
  return owes;
}

void ShareTree::drop(NodeIndex index) {
  ShareNode& node = nodes_[index];
  for (LaneIndex lane = node.first_lane; lane != LaneIndex::none;) {
    const LaneIndex next = lanes_[lane].next;
    drop_lane(lane);
    lane = next;
  }
  (node.level == Level::key ? keys_ : node.level == Level::tenant ? tenants_ : groups_).erase(index);
  const NodeIndex parent = node.parent;
  node.in_use = false;
  node.first_lane = LaneIndex::none;
  nodes_.give_back(index);
  --nodes_[parent].children;
  note_idleness(parent);
}

void ShareTree::drop_lane(LaneIndex index) {
  const Lane& lane = lanes_[index];
  if (lane.up != LaneIndex::none) --lanes_[lane.up].below;
  --gates_[static_cast<std::size_t>(lane.model)].lanes;
  lanes_.give_back(index);
}

void ShareTree::mark_gone(NodeIndex group, bool is_gone) {
  end_idleness(group);
  nodes_[group].is_gone = is_gone;
  note_idleness(group);
}

void ShareTree::retire(ModelIndex model) {
  gates_[static_cast<std::size_t>(model)].retired = true;
  retired_.push_back(model);
}

// From the leaves up: a lane goes when none leads to it any more.
void ShareTree::drop_retired_lanes(NodeIndex node) {
  for (LaneIndex* at = &nodes_[node].first_lane; *at != LaneIndex::none;) {
    const LaneIndex index = *at;
    const Lane& lane = lanes_[index];
    if (gates_[static_cast<std::size_t>(lane.model)].retired && lane.below == 0) {
      *at = lane.next;
      drop_lane(index);
    } else {
      at = &lanes_[index].next;
    }
  }
}

std::optional<ModelIndex> ShareTree::forgotten_model() {
  const auto bare = std::ranges::find_if(
      retired_, [&](ModelIndex model) { return gates_[static_cast<std::size_t>(model)].lanes == 0; });
  if (bare == retired_.end()) return std::nullopt;
  const ModelIndex model = *bare;
  retired_.erase(bare);
  return model;
}

}  // namespace obleth::fairshare
