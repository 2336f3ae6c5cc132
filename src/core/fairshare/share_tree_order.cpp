// The order of turns: who stands in line, where, and what a turn does to the line.
#include <algorithm>

#include "core/fairshare/share_tree.hpp"

namespace obleth::fairshare {

// ---- lines ------------------------------------------------------------------------------------------------------

// Brings a line up to date with its parent's virtual time. An empty line follows it. A line whose model was full comes
// back as a whole, like one that was idle: lifted to virtual time, with the differences inside it untouched. That is
// due when the model reopens and done when the line is next looked at, before its parent's time or its own members
// change.
void ShareTree::synchronise(Lane& line) {
  if (line.ready.empty()) {
    line.clock = std::max(line.clock, nodes_[line.node].virtual_time - line.shift);
  } else {
    line.shift = shift_now(line);
  }
  line.reopened_seen = gates_[static_cast<std::size_t>(line.model)].reopened;
}

std::int64_t ShareTree::shift_now(const Lane& line) const {
  const bool came_back = line.reopened_seen != gates_[static_cast<std::size_t>(line.model)].reopened;
  if (line.ready.empty() || !came_back) return line.shift;
  return std::max(line.shift, nodes_[line.node].virtual_time - line.clock);
}

// To where a lane of this line is lifted: the parent's virtual time, but among those who wait for a full model their
// own.
std::int64_t ShareTree::reference(const Lane& line) const {
  return model_open(line.model) ? nodes_[line.node].virtual_time - line.shift : line.clock;
}

// Settled service ahead (> 0) of the line's virtual time, or behind it.
std::int64_t ShareTree::ahead(LaneIndex index) {
  const Lane& lane = lanes_[index];
  synchronise(lanes_[lane.up]);
  return nodes_[lane.node].account.settled() + lane.offset - reference(lanes_[lane.up]);
}

// The debt cap: of what was done on idle slots, no more is owed than one largest request. It counts against the latest
// debt first, so nothing of it is left once virtual time has caught up.
void ShareTree::forgive(LaneIndex index) {
  Lane& lane = lanes_[index];
  if (lane.idle_cost == 0 || largest_cost_ == 0) return;
  const std::int64_t debt = std::max<std::int64_t>(ahead(index), 0);
  const std::uint32_t weight = nodes_[lane.node].account.weight();
  lane.idle_cost = std::min(lane.idle_cost, cost_of(debt, weight));
  const std::int64_t excess = std::min(debt - virtual_of(largest_cost_, weight), virtual_of(lane.idle_cost, weight));
  if (excess <= 0) return;
  lane.offset -= excess;
  lane.idle_cost -= cost_of(excess, weight);
  if (others_wait(lane.node)) forgiven_cost_ += cost_of(excess, weight);
}

void ShareTree::count_idle_cost(NodeIndex node, std::int64_t cost) {
  each_lane(node, [&](LaneIndex lane) { lanes_[lane].idle_cost += cost; });
}

// A sibling has a request that may go now, at this or another model.
bool ShareTree::others_wait(NodeIndex child) const {
  const ShareNode& parent = nodes_[nodes_[child].parent];
  if (parent.queued == nodes_[child].queued) return false;
  for (LaneIndex at = parent.first_lane; at != LaneIndex::none; at = lanes_[at].next) {
    const Lane& line = lanes_[at];
    if (line.ready.empty() || !model_open(line.model)) continue;
    if (line.ready.size() > 1 || lanes_[line.ready.top().item].node != child) return true;
  }
  return false;
}

bool ShareTree::in_some_line(NodeIndex index) const {
  bool in_line = false;
  each_lane(index, [&](LaneIndex lane) { in_line = in_line || lanes_[lane].in_line(); });
  return in_line;
}

// Stands in no line, runs nothing, and owes nothing.
bool ShareTree::comes_anew(NodeIndex index) {
  return nodes_[index].in_flight == 0 && !in_some_line(index) && without_debt(index);
}

// A node without debt that comes from idleness begins anew at virtual time, for all models, on a whole unit: just as
// one does that was forgotten and is made again. A tenant's keys begin anew with it.
void ShareTree::wake(NodeIndex index) {
  ShareNode& node = nodes_[index];
  if (node.in_flight > 0 || in_some_line(index)) return;
  if (node.level == Level::key && comes_anew(node.parent)) ++nodes_[node.parent].epoch;
  if (!without_debt(index)) return;
  begin_anew(index);
}

void ShareTree::begin_anew(NodeIndex index) {
  ShareNode& node = nodes_[index];
  if (node.level == Level::key) node.epoch = nodes_[node.parent].epoch;
  ++node.woken;
  node.account.begin_anew();
  node.offset = nodes_[node.parent].virtual_time - node.account.settled();
}

// Who is behind virtual time is lifted to it, who is ahead keeps its debt. In the line of a full model both count from
// where that line has got to.
void ShareTree::enter(LaneIndex index) {
  Lane& lane = lanes_[index];
  Lane& line = lanes_[lane.up];
  ShareNode& node = nodes_[lane.node];
  synchronise(line);
  wake(lane.node);
  if (lane.woken_seen != node.woken) {
    lane.woken_seen = node.woken;
    lane.offset = node.offset - nodes_[line.node].virtual_time + reference(line);
    lane.idle_cost = 0;
  }
  const std::int64_t behind = reference(line) - (node.account.start_tag() + lane.offset);
  lane.offset += std::max<std::int64_t>(behind, 0);
  forgive(index);
  const bool was_empty = line.ready.empty();
  line.ready_weight += node.account.weight();
  line.ready.push({.key = node.account.start_tag() + lane.offset, .since = lane.since, .item = index}, places());
  if (!was_empty) return;
  line.since = lane.since;
  if (line.up != LaneIndex::none && !nodes_[line.node].parked()) enter(lane.up);
}

void ShareTree::leave(LaneIndex index) {
  const Lane& lane = lanes_[index];
  Lane& line = lanes_[lane.up];
  synchronise(line);
  line.ready.erase(index, places());
  line.ready_weight -= nodes_[lane.node].account.weight();
  if (line.ready.empty() && line.in_line()) leave(lane.up);
}

// The node's start tag has moved: all its lanes in line move with it.
void ShareTree::refresh(NodeIndex node) {
  each_lane(node, [&](LaneIndex index) {
    if (!lanes_[index].in_line()) return;
    forgive(index);
    const Lane& lane = lanes_[index];
    lanes_[lane.up].ready.update(
        {.key = nodes_[node].account.start_tag() + lane.offset, .since = lane.since, .item = index}, places());
  });
}

void ShareTree::set_head(LaneIndex leaf, std::optional<std::uint64_t> since) {
  Lane& lane = lanes_[leaf];
  lane.has_request = since.has_value();
  if (since) lane.since = *since;
  if (!lane.has_request) {
    if (lane.in_line()) leave(leaf);
  } else if (lane.in_line()) {
    const auto entry = lanes_[lane.up].ready.entries()[lane.place];
    lanes_[lane.up].ready.update({.key = entry.key, .since = lane.since, .item = leaf}, places());
  } else if (!nodes_[lane.node].parked()) {
    enter(leaf);
  }
}

// ---- turns ------------------------------------------------------------------------------------------------------

// The child with the smallest start tag over all models that can take a request. Models meet anew at every level:
// otherwise two tenants of one group on two models would not be compared at all.
LaneIndex ShareTree::first_child(NodeIndex parent) {
  LaneIndex first = LaneIndex::none;
  std::pair<std::int64_t, std::uint64_t> least{};
  each_lane(parent, [&](LaneIndex index) {
    Lane& line = lanes_[index];
    if (line.ready.empty()) return;
    synchronise(line);
    if (!model_open(line.model)) return;
    const auto& top = line.ready.top();
    const std::pair order{top.key + line.shift, top.since};
    if (first != LaneIndex::none && !(order < least)) return;
    first = top.item;
    least = order;
  });
  return first;
}

// Within a key all lanes are one tenant's own requests: the oldest goes first.
LaneIndex ShareTree::oldest_head(NodeIndex key) const {
  LaneIndex oldest = LaneIndex::none;
  each_lane(key, [&](LaneIndex index) {
    const Lane& lane = lanes_[index];
    if (!lane.in_line() || !model_open(lane.model)) return;
    if (oldest == LaneIndex::none || lane.since < lanes_[oldest].since) oldest = index;
  });
  return oldest;
}

std::optional<Pick> ShareTree::pick() {
  Pick pick;
  NodeIndex at = root();
  for (std::int64_t& settled : pick.settled) {
    const LaneIndex child = first_child(at);
    if (child == LaneIndex::none) return std::nullopt;
    const Lane& lane = lanes_[child];
    const std::int64_t offset = lane.offset + lanes_[lane.up].shift;
    settled = nodes_[lane.node].account.settled() + offset;
    if (nodes_[lane.node].level == Level::tenant) {
      pick.key = nodes_[lane.node].account.start_tag() + offset;
      pick.virtual_time = nodes_[at].virtual_time;
    }
    at = lane.node;
  }
  pick.leaf = oldest_head(at);
  return pick;
}

std::int64_t ShareTree::rival_weight(LaneIndex index) const {
  const Lane& lane = lanes_[index];
  const ShareNode& node = nodes_[lane.node];
  const std::int64_t weight = node.account.weight();
  const auto beside = [&](LaneIndex at) {
    return lanes_[lanes_[at].up].ready_weight - (lanes_[at].in_line() ? weight : 0);
  };
  if (!model_open(lane.model)) return beside(index);
  const std::int64_t all = nodes_[node.parent].ready_weight - (node.queued > 0 ? weight : 0);
  if (queued_elsewhere_ == 0) return all;
  const auto moves = [&](LaneIndex at) { return gate_of(lanes_[at].model) == ModelGate::open; };
  std::int64_t in_lines = 0;  // one that stands in several is counted in each
  each_lane(node.parent, [&](LaneIndex line) { in_lines += moves(line) ? lanes_[line].ready_weight : 0; });
  each_lane(lane.node, [&](LaneIndex own) { in_lines -= moves(own) && lanes_[own].in_line() ? weight : 0; });
  return std::min(all, in_lines);
}

bool ShareTree::eligible(LaneIndex leaf) const {
  if (!model_open(lanes_[leaf].model)) return false;
  for (LaneIndex at = leaf; lanes_[at].up != LaneIndex::none; at = lanes_[at].up) {
    if (!lanes_[at].in_line()) return false;
  }
  return true;
}

bool ShareTree::some_eligible(NodeIndex tenant) const {
  bool some = false;
  each_lane(tenant, [&](LaneIndex at) {
    const Lane& lane = lanes_[at];
    some = some || (lane.in_line() && lanes_[lane.up].in_line() && model_open(lane.model));
  });
  return some;
}

bool ShareTree::has_room(NodeIndex key, ModelIndex model) const {
  if (!model_open(model)) return false;
  for (NodeIndex at = key; at != NodeIndex::none; at = nodes_[at].parent) {
    if (nodes_[at].parked()) return false;
  }
  return true;
}

Pick ShareTree::out_of_turn(LaneIndex leaf) {
  const Lane& tenant = lanes_[lanes_[leaf].up];
  const Lane& line = lanes_[tenant.up];
  return {.leaf = leaf,
          .key = nodes_[tenant.node].account.start_tag() + tenant.offset + shift_now(line),
          .virtual_time = nodes_[line.node].virtual_time,
          .settled = {},
          .moves_time = false};
}

// Virtual time rises to the settled service of whoever was served: at most its start tag, the smallest there was.
void ShareTree::move_time(LaneIndex leaf, const Pick& pick) {
  std::size_t level = pick.settled.size();
  for (LaneIndex at = lanes_[leaf].up; at != LaneIndex::none; at = lanes_[at].up) {
    Lane& line = lanes_[at];
    ShareNode& parent = nodes_[line.node];
    const std::int64_t settled = pick.settled[--level];
    parent.virtual_time = std::max(parent.virtual_time, settled);
    line.clock = std::max(line.clock, settled - line.shift);
  }
}

Levels ShareTree::begin(const Pick& pick, std::int64_t reservation) {
  if (pick.moves_time) move_time(pick.leaf, pick);
  const NodeIndex key = lanes_[pick.leaf].node;
  Levels unopposed;
  each_below_root(key, [&](NodeIndex at) {
    end_idleness(at);
    if (!others_wait(at)) unopposed.add(nodes_[at].level);
    ++nodes_[at].in_flight;
    nodes_[at].account.reserve(reservation);
  });
  ++nodes_[root()].in_flight;
  nodes_[root()].account.reserve(reservation);
  each_below_root(key, [&](NodeIndex at) {
    park_or_return(at, false);
    refresh(at);
  });
  return unopposed;
}

void ShareTree::charge(NodeIndex key, std::int64_t settled, std::int64_t reserved) {
  post(key, settled, reserved);
  if (settled + reserved == 0) return;
  each_below_root(key, [&](NodeIndex at) { refresh(at); });
}

// Whether anybody waited there is not known here: it counts as done on idle slots.
void ShareTree::charge_foreign(NodeIndex node, std::int64_t cost) {
  for (NodeIndex at = node; at != root(); at = nodes_[at].parent)
    nodes_[at].account.settle(cost);
  each_below_root(node, [&](NodeIndex at) {
    count_idle_cost(at, cost);
    refresh(at);
  });
}

void ShareTree::end(NodeIndex key, const Settlement& settlement) {
  post(key, settlement.cost - settlement.charged, -settlement.reserved);
  for (NodeIndex at = key; at != NodeIndex::none; at = nodes_[at].parent) {
    --nodes_[at].in_flight;
    nodes_[at].settled_cost += settlement.cost;
    if (settlement.unopposed.has(nodes_[at].level)) count_idle_cost(at, settlement.cost);
  }
  each_below_root(key, [&](NodeIndex at) {
    const ShareNode& node = nodes_[at];
    park_or_return(at, node.in_flight + 1 >= node.max_in_flight);
    refresh(at);
    note_idleness(at);
  });
}

void ShareTree::post(NodeIndex key, std::int64_t settled, std::int64_t reserved) {
  for (NodeIndex at = key; at != NodeIndex::none; at = nodes_[at].parent) {
    nodes_[at].account.settle(settled);
    nodes_[at].account.reserve(reserved);
  }
}

std::int64_t ShareTree::lag(NodeIndex index) const {
  const ShareNode& node = nodes_[index];
  const std::int64_t virtual_time = nodes_[node.parent].virtual_time;
  const std::int64_t settled = node.account.settled();
  std::optional<std::int64_t> most;
  each_lane(index, [&](LaneIndex at) {
    const Lane& lane = lanes_[at];
    const Lane& line = lanes_[lane.up];
    if (!lane.in_line()) return;
    const std::int64_t from = model_open(lane.model) ? virtual_time - shift_now(line) : line.clock;
    most = std::max(most.value_or(from - settled - lane.offset), from - settled - lane.offset);
  });
  return most.value_or(std::min<std::int64_t>(virtual_time - settled - node.offset, 0));  // idleness earns nothing
}

std::int64_t ShareTree::lead(LaneIndex index) {
  const Lane& lane = lanes_[index];
  const ShareNode& node = nodes_[lane.node];
  Lane& line = lanes_[lane.up];
  synchronise(line);
  const bool known = lane.woken_seen == node.woken;
  const std::int64_t from = reference(line);
  const std::int64_t offset = known ? lane.offset : node.offset - nodes_[line.node].virtual_time + from;
  const std::int64_t key = std::max(node.account.start_tag() + offset, from);
  if (!model_open(line.model)) return line.ready.empty() ? 0 : std::max<std::int64_t>(key - line.ready.top().key, 0);
  const LaneIndex first = first_child(line.node);
  if (first == LaneIndex::none) return 0;
  const Lane& other = lanes_[lanes_[first].up];
  return std::max<std::int64_t>(key + line.shift - (other.ready.top().key + other.shift), 0);
}

}  // namespace obleth::fairshare
