// Settings that change while requests wait and run: weights, caps, models that fill up, tenants that move.
#include <algorithm>

#include "core/fairshare/share_tree.hpp"

namespace obleth::fairshare {

void ShareTree::set_model_gate(ModelIndex model, ModelGate state) {
  Gate& gate = gates_[static_cast<std::size_t>(model)];
  if (gate.state == state) return;
  if (gate.state == ModelGate::closed) ++gate.reopened;
  if (gate.state == ModelGate::open) queued_elsewhere_ += gate.queued;
  if (state == ModelGate::open) queued_elsewhere_ -= gate.queued;
  gate.state = state;
}

void ShareTree::configure(NodeIndex index, const NodeSettings& settings) {
  ShareNode& node = nodes_[index];
  if (comes_anew(index)) begin_anew(index);  // who owes nothing owes nothing afterwards, at no model
  const std::uint32_t before = node.account.weight();
  VirtualAccount reweighted = node.account;
  reweighted.set_weight(settings.weight);
  const std::uint32_t after = reweighted.weight();
  if (before != after) {
    // Debt is owed in tokens, so it shrinks in virtual time as the weight grows; lag is never worth more than before.
    const auto rescaled = [&](std::int64_t offset, std::int64_t from) {
      std::int64_t lead = node.account.settled() + offset - from;
      if (lead > 0 || after > before) lead = scaled(lead, before, after);
      return from + lead - reweighted.settled();
    };
    node.offset = rescaled(node.offset, nodes_[node.parent].virtual_time);
    each_lane(index, [&](LaneIndex at) {
      Lane& lane = lanes_[at];
      Lane& line = lanes_[lane.up];
      synchronise(line);
      lane.offset = rescaled(lane.offset, reference(line));
      if (lane.in_line()) line.ready_weight += std::int64_t{after} - before;
    });
    if (node.queued > 0) nodes_[node.parent].ready_weight += std::int64_t{after} - before;
    node.account = reweighted;
  }
  const bool was_parked = node.parked();
  node.max_in_flight = settings.max_in_flight.value_or(unlimited);
  park_or_return(index, was_parked);
  refresh(index);
}

void ShareTree::move_tenant(NodeIndex index, NodeIndex group) {
  ShareNode& tenant = nodes_[index];
  const NodeIndex from = tenant.parent;
  const bool anew = comes_anew(index);
  each_lane(index, [&](LaneIndex lane) {
    if (!lanes_[lane].in_line()) return;
    leave(lane);
    hand_on_arrival(lane);
  });
  transfer(from, tenant, -1);
  // What it owed its old siblings it owes its new ones.
  const std::int64_t settled = tenant.account.settled();
  const auto moved = [&](std::int64_t offset, std::int64_t old_time, std::int64_t new_time) {
    return new_time + std::max<std::int64_t>(settled + offset - old_time, 0) - settled;
  };
  tenant.offset = moved(tenant.offset, nodes_[from].virtual_time, nodes_[group].virtual_time);
  tenant.parent = group;
  transfer(group, tenant, +1);
  each_lane(index, [&](LaneIndex at) {
    const LaneIndex line = lane_of(group, lanes_[at].model);
    Lane& lane = lanes_[at];
    synchronise(lanes_[lane.up]);
    synchronise(lanes_[line]);
    lane.offset = moved(lane.offset, reference(lanes_[lane.up]), reference(lanes_[line]));
    --lanes_[lane.up].below;
    lane.up = line;
    ++lanes_[line].below;
  });
  if (anew) begin_anew(index);
  park_or_return(index, true);
}

// The arrival that made the old group's lane ready goes along with whose it was: no two lanes in one line have the
// same.
void ShareTree::hand_on_arrival(LaneIndex moved) {
  const LaneIndex group = lanes_[moved].up;
  Lane& line = lanes_[group];
  if (line.since != lanes_[moved].since || line.ready.empty()) return;
  line.since = line.ready.top().since;
  if (!line.in_line()) return;
  Lane& above = lanes_[line.up];
  above.ready.update({.key = above.ready.entries()[line.place].key, .since = line.since, .item = group}, places());
}

// Adds (sign = 1) or takes away (-1) what a tenant has waiting and running to or from a group.
void ShareTree::transfer(NodeIndex side, const ShareNode& tenant, int sign) {
  end_idleness(side);
  ShareNode& group = nodes_[side];
  const auto factor = static_cast<std::uint32_t>(sign);  // modulo 2^32, -1 subtracts
  const bool was_parked = group.parked();
  const bool was_ready = group.queued > 0;
  group.children += factor;
  group.in_flight += factor * tenant.in_flight;
  group.queued += factor * tenant.queued;
  group.queued_cost += sign * tenant.queued_cost;
  group.ready_weight += tenant.queued > 0 ? sign * std::int64_t{tenant.account.weight()} : 0;
  group.account.reserve(sign * tenant.account.reserved_cost());
  const int ready_change = static_cast<int>(group.queued > 0) - static_cast<int>(was_ready);
  nodes_[group.parent].ready_weight += ready_change * std::int64_t{group.account.weight()};
  park_or_return(side, was_parked);
  refresh(side);
  note_idleness(side);
}

void ShareTree::park_or_return(NodeIndex index, bool was_parked) {
  const bool parked = nodes_[index].parked();
  if (parked == was_parked) return;
  each_lane(index, [&](LaneIndex lane) {
    if (parked && lanes_[lane].in_line()) leave(lane);
    if (!parked && lanes_[lane].has_work() && !lanes_[lane].in_line()) enter(lane);
  });
}

}  // namespace obleth::fairshare
