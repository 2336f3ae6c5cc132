// What the tree is made of: nodes and lanes come, are counted, and are forgotten.
#include "core/fairshare/share_tree.hpp"

#include <chrono>
#include <utility>

namespace obleth::fairshare {

namespace {

constexpr std::uint32_t forget_after_s = 600;
constexpr int looks_per_call = 2;  // more than one node can fall idle per event, on average, so nothing piles up

template <class Map, class Name>
NodeIndex find_in(const Map& map, const Name& name) {
  const auto found = map.find(name);
  return found == map.end() ? NodeIndex::none : found->second;
}

}  // namespace

ShareTree::ShareTree() {
  const NodeIndex index = nodes_.take();
  nodes_[index].in_use = true;
}

NodeIndex ShareTree::find_group(GroupId id) const {
  return find_in(groups_, id);
}
NodeIndex ShareTree::find_tenant(TenantId id) const {
  return find_in(tenants_, id);
}
NodeIndex ShareTree::find_key(TenantId tenant, KeyId id) const {
  return find_in(keys_, KeyName{tenant, id});
}

NodeIndex ShareTree::add_group(GroupId id, const NodeSettings& settings) {
  return groups_[id] = add_node(id.bits, root(), settings);
}
NodeIndex ShareTree::add_tenant(TenantId id, NodeIndex group, const NodeSettings& settings) {
  return tenants_[id] = add_node(id.bits, group, settings);
}
NodeIndex ShareTree::add_key(KeyId id, NodeIndex tenant, const NodeSettings& settings) {
  return keys_[KeyName{TenantId{nodes_[tenant].id}, id}] = add_node(id.bits, tenant, settings);
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

ModelIndex ShareTree::add_model() {
  gates_.emplace_back();
  return static_cast<ModelIndex>(gates_.size() - 1);
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
  lane.clock = 0;
  lane.woken_seen = nodes_[node].woken - 1;  // it has not stood in line since its node came
  lane.shift = 0;
  lane.reopened_seen = 0;
  lane.place = no_place;
  lane.has_request = false;
  lane.requests = {};
  lane.learned = {};
  lane.ready_weight = 0;
  lane.node = node;
  lane.model = model;
  lane.up = up;
  lane.next = std::exchange(nodes_[node].first_lane, index);
  return index;
}

void ShareTree::count_queued(NodeIndex key, std::int64_t cost) {
  for (NodeIndex index = key; index != NodeIndex::none; index = nodes_[index].parent) {
    ShareNode& node = nodes_[index];
    end_idleness(index);
    node.queued_cost += cost;
    if (node.queued++ == 0 && node.parent != NodeIndex::none) nodes_[node.parent].ready_weight += node.account.weight();
  }
}

void ShareTree::count_dequeued(NodeIndex key, std::int64_t cost) {
  for (NodeIndex index = key; index != NodeIndex::none; index = nodes_[index].parent) {
    ShareNode& node = nodes_[index];
    node.queued_cost -= cost;
    if (--node.queued == 0 && node.parent != NodeIndex::none) nodes_[node.parent].ready_weight -= node.account.weight();
    note_idleness(index);
  }
}

void ShareTree::note_idleness(NodeIndex index) {
  ShareNode& node = nodes_[index];
  // Groups are few, and tenants may be moved into one at any time: they are never forgotten.
  if (node.level < Level::tenant) return;
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
  for (int look = 0; look < looks_per_call && !idle_.empty(); ++look) {
    const NodeIndex index = idle_.front();
    if (now_s_ - nodes_[index].idle_since_s < forget_after_s) return;
    end_idleness(index);
    if (without_debt(index)) {
      drop(index);
    } else {
      note_idleness(index);
    }
  }
}

// Only debt must be remembered: whoever is behind virtual time is lifted to it, known or not. Measured by the clocks of
// the lines, which are never ahead of virtual time and never fall, so that who may be forgotten now may be later.
bool ShareTree::without_debt(NodeIndex index) {
  const ShareNode& node = nodes_[index];
  const std::int64_t settled = node.account.settled();
  bool without = settled + node.offset <= nodes_[node.parent].virtual_time;
  each_lane(index, [&](LaneIndex at) {
    const Lane& lane = lanes_[at];
    Lane& line = lanes_[lane.up];
    synchronise(line);
    if (lane.woken_seen == node.woken && settled + lane.offset > line.clock) without = false;
  });
  return without;
}

void ShareTree::drop(NodeIndex index) {
  ShareNode& node = nodes_[index];
  for (LaneIndex lane = node.first_lane; lane != LaneIndex::none;) {
    const LaneIndex next = lanes_[lane].next;
    lanes_.give_back(lane);
    lane = next;
  }
  if (node.level == Level::key) {
    keys_.erase(KeyName{TenantId{nodes_[node.parent].id}, KeyId{node.id}});
  } else {
    tenants_.erase(TenantId{node.id});
  }
  const NodeIndex parent = node.parent;
  node.in_use = false;
  nodes_.give_back(index);
  --nodes_[parent].children;
  note_idleness(parent);
}

}  // namespace obleth::fairshare
