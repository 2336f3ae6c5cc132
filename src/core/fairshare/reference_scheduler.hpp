// The rules of turns once more, as plainly as they can be said: no heaps, no lists, no forgetting; everything is looked
// up by scanning. The engine is compared with it, request by request.
//
// What is compared is the order of turns. Bounds, refusals and caps are the engine's word: the test hands them on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/fairshare/events.hpp"
#include "core/fairshare/largest_cost.hpp"
#include "core/fairshare/token_cost.hpp"
#include "core/fairshare/virtual_account.hpp"

namespace obleth::fairshare {

class ReferenceScheduler {
 public:
  struct Model {
    ModelSettings settings;
    std::uint32_t in_flight = 0;
    bool eligible = true;
    bool was_open = true;
  };
  struct Lane {
    std::int64_t offset = 0;
    std::uint64_t since = 0;
    std::int64_t clock = 0;
    std::int64_t shift = 0;
    bool in_line = false;
    std::optional<std::uint32_t> woken_seen;
    std::int64_t undisputed = 0;  // cost of what its node ran on slots that nobody else could use, and owes still
    std::deque<std::uint64_t> waiters;
  };
  struct Node {
    int level = 0;  // 0 root, 1 group, 2 tenant, 3 key
    Node* parent = nullptr;
    NodeSettings settings;
    VirtualAccount account;
    std::int64_t offset = 0;
    std::uint32_t woken = 0;
    std::uint32_t epoch = 0;
    std::int64_t virtual_time = 0;
    std::uint32_t in_flight = 0;
    std::pair<std::int64_t, std::int64_t> seen;  // S and V when they were last looked at
    std::map<std::uint64_t, Lane> lanes;
    std::vector<Node*> children;
    [[nodiscard]] bool parked() const { return settings.max_in_flight && in_flight >= *settings.max_in_flight; }
  };
  struct Request {
    Node* key = nullptr;
    std::uint64_t model = 0;
    std::uint64_t number = 0;
    Instant arrived;
    Instant granted;
    std::int64_t prompt = 0;
    std::int64_t cap = 0;  // of each of its answers
    std::int64_t answers = 1;
    std::int64_t output = 0;
    std::int64_t reserved = 0;
    std::int64_t charged = 0;
    bool answering = false;
    bool running = false;
    std::set<int> undisputed;  // levels at which it was alone when it went
  };
  struct Turn {
    std::uint64_t waiter = 0;
    bool by_age_guard = false;
    std::int64_t key = 0;
    std::int64_t virtual_time = 0;
  };

  ReferenceScheduler(std::uint32_t slots, Duration timeout) : slots_(slots), guard_after_(timeout / 2) {}

  void begin_step(Instant now) {
    now_ = now;
    largest_.forget(now);
    largest_cost_ = largest_.value();
  }
  void note_size(std::int64_t cost) {
    largest_.see(cost, now_);
    largest_cost_ = largest_.value();
  }
  void set_slots(std::uint32_t slots) { slots_ = slots; }

  Node& node(int level, std::uint64_t id, Node& parent, const NodeSettings& settings) {
    auto& known = nodes_[{level, id}];
    if (known == nullptr) {
      known = std::make_unique<Node>();
      known->level = level;
      known->parent = &parent;
      known->settings = settings;
      known->account = VirtualAccount(settings.weight);
      parent.children.push_back(known.get());
    }
    return *known;
  }
  [[nodiscard]] Node* find(int level, std::uint64_t id) {
    const auto found = nodes_.find({level, id});
    return found == nodes_.end() ? nullptr : found->second.get();
  }
  [[nodiscard]] Node& root() { return root_; }
  [[nodiscard]] const std::map<std::uint64_t, Request>& requests() const { return requests_; }
  [[nodiscard]] Model& model(std::uint64_t id) { return models_[id]; }

  void arrive(std::uint64_t waiter, Request request) {
    request.arrived = now_;
    request.number = ++arrivals_;
    Lane& line = lane(*request.key, request.model);
    line.waiters.push_back(waiter);
    if (line.waiters.size() == 1) line.since = request.number;
    requests_[waiter] = request;
    stand();
  }
  // Makes the lanes of a path as an arrival does, though the request was refused.
  void look(Node& key, std::uint64_t model) {
    ++arrivals_;
    lane(key, model);
  }
  void leave_queue(std::uint64_t waiter) {
    take_out(waiter);
    requests_.erase(waiter);
    stand();
  }

  // The next turn, unless no request may go.
  [[nodiscard]] std::optional<Turn> turn() {
    if (root_.in_flight >= slots_ || waiting() == 0) return std::nullopt;
    if (turns_since_guard_ + 1 >= 16) {
      if (const auto overdue = oldest_overdue()) return overdue;
    }
    return smallest();
  }
  // What turn() said happens, with the engine's cap and estimate.
  void grant(const Turn& turn, std::int64_t cap, std::int64_t expected_output) {
    Request& request = requests_.at(turn.waiter);
    take_out(turn.waiter);
    stand();
    request.running = true;
    request.granted = now_;
    request.cap = cap;
    const std::int64_t tokens = token_cost(costs(request), {.prompt = {request.prompt}, .output = {expected_output}});
    request.reserved = tokens > 0 ? tokens : slot_cost(costs(request), std::chrono::seconds(1));
    turns_since_guard_ = turn.by_age_guard ? 0 : turns_since_guard_ + 1;
    if (!turn.by_age_guard) move_time(request);
    for (const Node* at = request.key; at->parent != nullptr; at = at->parent) {
      if (std::ranges::none_of(at->parent->children, [&](const Node* c) { return c != at && could_go(*c); }))
        request.undisputed.insert(at->level);
    }
    each_on_path(request, [&](Node& node) {
      ++node.in_flight;
      node.account.reserve(request.reserved);
    });
    stand();
    each_on_path(request, [&](Node& node) { touch(node); });
    ++models_[request.model].in_flight;
    watch(request.model);
  }

  void progress(std::uint64_t waiter, std::int64_t output) {
    Request& request = requests_.at(waiter);
    request.answering = true;
    request.output = std::max(request.output, output);
    accrue(request);
  }
  void tick(const std::vector<std::uint64_t>& running) {
    for (const std::uint64_t waiter : running)
      accrue(requests_.at(waiter));
  }
  // cost: what the engine says it came to.
  void finish(std::uint64_t waiter, std::int64_t cost) {
    const Request request = requests_.at(waiter);
    requests_.erase(waiter);
    each_on_path(request, [&](Node& node) {
      node.account.settle(cost - request.charged);
      node.account.reserve(-request.reserved);
      --node.in_flight;
      if (!request.undisputed.contains(node.level)) return;
      for (auto& [model, lane] : node.lanes)
        lane.undisputed += cost;
    });
    note_size(cost);
    stand();
    each_on_path(request, [&](Node& node) { touch(node); });
    --models_[request.model].in_flight;
    watch(request.model);
  }

  void set_model(std::uint64_t id, const ModelSettings& settings) {
    models_[id].settings = settings;
    watch(id);
  }
  void set_eligible(std::uint64_t id, bool eligible) {
    models_[id].eligible = eligible;
    watch(id);
  }
  // Nothing waits or runs for it: who asks for this name later asks for another model.
  void forget_model(std::uint64_t id) {
    models_.erase(id);
    root_.lanes.erase(id);
    for (auto& [name, node] : nodes_)
      node->lanes.erase(id);
  }
  void configure(Node& node, const NodeSettings& settings) {
    if (comes_anew(node)) begin_anew(node);
    VirtualAccount reweighted = node.account;
    reweighted.set_weight(settings.weight);
    const std::uint32_t before = node.account.weight();
    if (settings.weight != before) {
      const auto rescaled = [&](std::int64_t offset, std::int64_t from) {
        std::int64_t lead = node.account.settled() + offset - from;
        if (lead > 0 || settings.weight > before) lead = scaled(lead, before, settings.weight);
        return from + lead - reweighted.settled();
      };
      node.offset = rescaled(node.offset, node.parent->virtual_time);
      for (auto& [model, lane] : node.lanes) {
        synchronise(*node.parent, model);
        lane.offset = rescaled(lane.offset, reference(*node.parent, model));
      }
      node.account = reweighted;
    }
    node.settings = settings;
    stand();
    touch(node);
  }
  void move(Node& tenant, Node& group) {
    Node& from = *tenant.parent;
    const bool anew = comes_anew(tenant);
    for (auto& [model, lane] : tenant.lanes) {
      if (std::exchange(lane.in_line, false)) hand_on_arrival(from, model, lane.since);
    }
    const NodeSettings settings = tenant.settings;
    tenant.settings.max_in_flight = 0;  // stands in no line until the group has taken over what runs
    std::erase(from.children, &tenant);
    from.in_flight -= tenant.in_flight;
    from.account.reserve(-tenant.account.reserved_cost());
    stand();
    touch(from);
    tenant.parent = &group;
    group.children.push_back(&tenant);
    group.in_flight += tenant.in_flight;
    group.account.reserve(tenant.account.reserved_cost());
    for (auto& [model, tenants_lane] : tenant.lanes)
      lane(group, model);
    stand();
    touch(group);
    const std::int64_t settled = tenant.account.settled();
    const auto moved = [&](std::int64_t offset, std::int64_t old_time, std::int64_t new_time) {
      return new_time + std::max<std::int64_t>(settled + offset - old_time, 0) - settled;
    };
    tenant.offset = moved(tenant.offset, from.virtual_time, group.virtual_time);
    for (auto& [model, lane] : tenant.lanes) {
      synchronise(from, model);
      synchronise(group, model);
      lane.offset = moved(lane.offset, reference(from, model), reference(group, model));
    }
    if (anew) begin_anew(tenant);
    tenant.settings = settings;
    stand();
  }

  [[nodiscard]] std::size_t waiting() const {
    return static_cast<std::size_t>(std::ranges::count_if(requests_, [](const auto& r) { return !r.second.running; }));
  }
  [[nodiscard]] bool open(std::uint64_t id) const {
    const auto found = models_.find(id);
    if (found == models_.end()) return true;
    const Model& model = found->second;
    const bool is_free = model.eligible || model.in_flight == 0;
    return is_free && (!model.settings.max_in_flight || model.in_flight < *model.settings.max_in_flight);
  }
  // Virtual time that a node is behind (> 0) or ahead of (< 0) its share.
  [[nodiscard]] std::int64_t lag(const Node& node) const {
    std::optional<std::int64_t> most;
    for (const auto& [model, lane] : node.lanes) {
      const std::int64_t lag = reference(*node.parent, model) - node.account.settled() - lane.offset;
      if (lane.in_line) most = std::max(most.value_or(lag), lag);
    }
    return most.value_or(std::min<std::int64_t>(node.parent->virtual_time - node.account.settled() - node.offset, 0));
  }
  // Settled service and virtual time never fall, at any node. Empty when they did not.
  [[nodiscard]] std::string fallen() {
    for (auto& [name, node] : nodes_) {
      const std::pair current{node->account.peak(), node->virtual_time};
      if (current.first < node->seen.first) return "settled service fell";
      if (current.second < node->seen.second) return "virtual time of a node fell";
      node->seen = current;
    }
    return {};
  }
  // Nothing on the way is at its cap.
  [[nodiscard]] bool may_go(const Request& request) const {
    if (!open(request.model)) return false;
    for (const Node* at = request.key; at->parent != nullptr; at = at->parent) {
      if (at->parked()) return false;
    }
    return true;
  }

 private:
  static void each_on_path(const Request& request, auto&& act) {
    for (Node* at = request.key; at != nullptr; at = at->parent)
      act(*at);
  }
  [[nodiscard]] const TokenCosts& costs(const Request& request) { return models_[request.model].settings.costs; }

  Lane& lane(Node& node, std::uint64_t model) {
    if (const auto found = node.lanes.find(model); found != node.lanes.end()) return found->second;
    if (node.parent != nullptr) lane(*node.parent, model);
    return node.lanes[model];
  }

  [[nodiscard]] static bool line_empty(const Node& parent, std::uint64_t model) {
    return std::ranges::none_of(parent.children, [&](const Node* child) {
      const auto found = child->lanes.find(model);
      return found != child->lanes.end() && found->second.in_line;
    });
  }
  void synchronise(Node& parent, std::uint64_t model) {
    Lane& line = parent.lanes.at(model);
    if (line_empty(parent, model)) line.clock = std::max(line.clock, parent.virtual_time - line.shift);
  }
  [[nodiscard]] std::int64_t reference(const Node& parent, std::uint64_t model) const {
    const Lane& line = parent.lanes.at(model);
    return open(model) ? parent.virtual_time - line.shift : line.clock;
  }
  [[nodiscard]] std::int64_t ahead(Node& node, std::uint64_t model) {
    synchronise(*node.parent, model);
    return node.account.settled() + node.lanes.at(model).offset - reference(*node.parent, model);
  }
  // Stands in line for a model that is open.
  [[nodiscard]] bool could_go(const Node& node) const {
    return std::ranges::any_of(node.lanes, [&](const auto& lane) { return lane.second.in_line && open(lane.first); });
  }
  // Nobody owes more than one largest request beyond what was done while others could have gone instead.
  void forgive(Node& node, std::uint64_t model) {
    Lane& lane = node.lanes.at(model);
    const std::uint32_t weight = node.account.weight();
    const std::int64_t owed = ahead(node, model);
    if (largest_cost_ == 0) return;
    lane.undisputed = std::min(lane.undisputed, cost_of(std::max<std::int64_t>(owed, 0), weight));
    const std::int64_t beyond = owed - virtual_of(largest_cost_, weight);
    const std::int64_t forgiven = std::clamp<std::int64_t>(beyond, 0, virtual_of(lane.undisputed, weight));
    lane.offset -= forgiven;
    lane.undisputed -= cost_of(forgiven, weight);
  }
  void touch(Node& node) {
    for (auto& [model, lane] : node.lanes) {
      if (lane.in_line) forgive(node, model);
    }
  }

  // Everybody who has work and is below its cap stands in line, and nobody else.
  void stand() {
    for (const int level : {3, 2, 1}) {
      for (auto& [name, known] : nodes_) {
        if (known->level == level) stand(*known);
      }
    }
  }
  void stand(Node& node) {
    for (auto& [model, lane] : node.lanes) {
      const bool work = node.level == 3 ? !lane.waiters.empty() : !line_empty(node, model);
      const bool should = work && !node.parked();
      if (lane.in_line && !should) lane.in_line = false;
      if (!lane.in_line && should) enter(node, model);
    }
  }
  void enter(Node& node, std::uint64_t model) {
    Node& parent = *node.parent;
    Lane& lane = node.lanes.at(model);
    synchronise(parent, model);
    if (node.level == 3 && is_idle(node) && comes_anew(parent)) ++parent.epoch;
    if (comes_anew(node)) {
      begin_anew(node);
    }
    if (lane.woken_seen != node.woken) {
      lane.woken_seen = node.woken;
      lane.offset = node.offset - parent.virtual_time + reference(parent, model);
      lane.undisputed = 0;
    }
    lane.offset += std::max<std::int64_t>(0, reference(parent, model) - (node.account.start_tag() + lane.offset));
    forgive(node, model);
    if (line_empty(parent, model)) parent.lanes.at(model).since = lane.since;
    lane.in_line = true;
  }
  // The first of those who stay in line lends its arrival.
  static void hand_on_arrival(Node& from, std::uint64_t model, std::uint64_t moved) {
    std::optional<std::pair<std::int64_t, std::uint64_t>> first;
    for (const Node* child : from.children) {
      const auto found = child->lanes.find(model);
      if (found == child->lanes.end() || !found->second.in_line) continue;
      const std::pair order{child->account.start_tag() + found->second.offset, found->second.since};
      first = std::min(first.value_or(order), order);
    }
    Lane& line = from.lanes.at(model);
    if (first && line.since == moved) line.since = first->second;
  }
  static void begin_anew(Node& node) {
    if (node.level == 3) node.epoch = node.parent->epoch;
    ++node.woken;
    node.account.begin_anew();
    node.offset = node.parent->virtual_time - node.account.settled();
  }
  [[nodiscard]] static bool is_idle(const Node& node) {
    return node.in_flight == 0 &&
           std::ranges::none_of(node.lanes, [](const auto& entry) { return entry.second.in_line; });
  }
  // It stands in no line, runs nothing and is nowhere ahead. Keys begin anew with their tenant.
  bool comes_anew(Node& node) {
    if (!is_idle(node)) return false;
    if (node.level == 3 && node.epoch != node.parent->epoch) return true;
    const std::int64_t settled = node.account.settled();
    if (settled + node.offset > node.parent->virtual_time) return false;
    return std::ranges::none_of(node.lanes, [&](auto& entry) {
      auto& [model, lane] = entry;
      synchronise(*node.parent, model);
      return lane.woken_seen == node.woken && settled + lane.offset > node.parent->lanes.at(model).clock;
    });
  }

  void take_out(std::uint64_t waiter) {
    Request& request = requests_.at(waiter);
    Lane& line = request.key->lanes.at(request.model);
    std::erase(line.waiters, waiter);
    if (!line.waiters.empty()) line.since = requests_.at(line.waiters.front()).number;
  }

  [[nodiscard]] std::optional<Turn> oldest_overdue() {
    const std::pair<const std::uint64_t, Request>* oldest = nullptr;
    for (const auto& entry : requests_) {
      const Request& request = entry.second;
      if (request.running || now_ - request.arrived <= guard_after_ || !may_go(request)) continue;
      if (oldest == nullptr || request.number < oldest->second.number) oldest = &entry;
    }
    if (oldest == nullptr) return std::nullopt;
    const Request& request = oldest->second;
    const Node& tenant = *request.key->parent;
    const std::int64_t offset = tenant.lanes.at(request.model).offset + tenant.parent->lanes.at(request.model).shift;
    return Turn{.waiter = oldest->first,
                .by_age_guard = true,
                .key = tenant.account.start_tag() + offset,
                .virtual_time = tenant.parent->virtual_time};
  }

  [[nodiscard]] std::optional<Turn> smallest() {
    Turn turn;
    Node* at = &root_;
    for (std::int64_t& settled : settled_) {
      Node* first = nullptr;
      std::pair<std::int64_t, std::uint64_t> least;
      std::int64_t offset = 0;
      for (Node* child : at->children) {
        for (auto& [model, lane] : child->lanes) {
          if (!lane.in_line || !open(model)) continue;
          const std::int64_t whole_offset = lane.offset + at->lanes.at(model).shift;
          const std::pair order{child->account.start_tag() + whole_offset, lane.since};
          if (first != nullptr && order >= least) continue;
          first = child;
          least = order;
          offset = whole_offset;
        }
      }
      if (first == nullptr) return std::nullopt;
      settled = first->account.settled() + offset;
      if (first->level == 2) {
        turn.key = least.first;
        turn.virtual_time = at->virtual_time;
      }
      at = first;
    }
    std::uint64_t oldest = 0;
    for (const auto& [model, lane] : at->lanes) {
      if (!lane.in_line || !open(model)) continue;
      if (turn.waiter == 0 || lane.since < oldest) {
        oldest = lane.since;
        turn.waiter = lane.waiters.front();
      }
    }
    return turn;
  }
  void move_time(const Request& request) {
    std::size_t level = 3;
    for (Node* at = request.key->parent; at != nullptr; at = at->parent) {
      const std::int64_t settled = settled_[--level];
      at->virtual_time = std::max(at->virtual_time, settled);
      Lane& line = at->lanes.at(request.model);
      line.clock = std::max(line.clock, settled - line.shift);
    }
  }

  void accrue(Request& request) {
    const std::int64_t held = slot_cost(costs(request), now_ - request.granted);
    const std::int64_t prompt = request.answering ? token_cost(costs(request), {.prompt = {request.prompt}}) : 0;
    const TokenUsage told{.prompt = {request.prompt}, .output = {request.output}};
    const std::int64_t cost =
        std::max(held, request.answering ? token_cost(costs(request), told) : 0) - request.charged;
    if (cost <= 0) return;
    request.charged += cost;
    const std::int64_t taken = std::min(cost, request.reserved);
    std::int64_t more = 0;
    if (cost > request.reserved) {
      const std::int64_t produced = std::max<std::int64_t>(request.charged - prompt, 0);
      more = std::max(produced / 2, output_cost(costs(request), 32));
      if (costs(request).output_thousandths > 0) {
        more = std::clamp<std::int64_t>(output_cost(costs(request), request.answers * request.cap) - produced, 0, more);
      }
    }
    request.reserved += more - taken;
    each_on_path(request, [&](Node& node) {
      node.account.settle(cost);
      node.account.reserve(more - taken);
    });
    note_size(request.charged);
    if (cost + more - taken != 0) each_on_path(request, [&](Node& node) { touch(node); });
  }

  // A model that was full or without endpoint and is not any more has come back: all its lines rise to virtual time.
  void watch(std::uint64_t id) {
    Model& model = models_[id];
    if (open(id) && !model.was_open) {
      lift(root_, id);
      for (auto& [name, node] : nodes_)
        lift(*node, id);
    }
    model.was_open = open(id);
  }
  static void lift(Node& parent, std::uint64_t model) {
    if (line_empty(parent, model)) return;
    Lane& line = parent.lanes.at(model);
    line.shift = std::max(line.shift, parent.virtual_time - line.clock);
  }

  Node root_;
  std::map<std::pair<int, std::uint64_t>, std::unique_ptr<Node>> nodes_;
  std::map<std::uint64_t, Model> models_;
  std::map<std::uint64_t, Request> requests_;
  std::array<std::int64_t, 3> settled_{};
  LargestCost largest_;
  std::int64_t largest_cost_ = 0;
  Instant now_;
  std::uint32_t slots_;
  Duration guard_after_;
  std::uint32_t turns_since_guard_ = 0;
  std::uint64_t arrivals_ = 0;
};

}  // namespace obleth::fairshare
