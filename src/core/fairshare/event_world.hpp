// A small world in which random operations happen to the engine and to the reference at once.
//
// An operation is a handful of numbers, read against what exists at that moment, so that any part of a sequence is a
// sequence too and a failing one can be shortened.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/fairshare/admission_rig.hpp"
#include "core/fairshare/reference_scheduler.hpp"

namespace obleth::fairshare {

struct Operation {
  std::uint32_t kind = 0;  // 0 – 999
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;
};

[[nodiscard]] inline std::vector<Operation> random_operations(std::uint64_t seed, std::size_t count) {
  std::mt19937 random(static_cast<std::uint32_t>(seed));
  std::vector<Operation> operations(count);
  for (Operation& operation : operations) {
    operation = {static_cast<std::uint32_t>(random() % 1000), static_cast<std::uint32_t>(random()),
                 static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random())};
  }
  return operations;
}

class EventWorld {
 public:
  static constexpr std::uint32_t tenants = 8;
  static constexpr std::uint32_t groups = 3;
  static constexpr std::uint32_t models = 4;
  static constexpr Duration timeout = std::chrono::seconds(20);

  [[nodiscard]] static AdmissionLimits limits(Algorithm algorithm) {
    return {.capacity = 4,
            .tenant_queue_max = 8,
            .pool_queue_max = 24,
            .admission_timeout = timeout,
            .brownout_wait = std::chrono::seconds(2),
            .algorithm = algorithm};
  }

  explicit EventWorld(Algorithm algorithm)
      : rig_(limits(algorithm)), reference_(4, timeout), flat_(algorithm == Algorithm::weighted) {
    for (std::uint32_t t = 0; t < tenants; ++t)
      group_of_[t] = t % groups;
  }

  // Empty: all is as it should be. Otherwise what is not.
  [[nodiscard]] std::string apply(const Operation& operation) {
    const std::uint32_t kind = operation.kind;
    pass(operation);
    if (kind < 400) return arrive(operation);
    if (kind < 600) return progress(operation);
    if (kind < 860) return finish(operation);
    if (kind < 900) return withdraw(operation);
    if (kind < 930) return tick();
    if (kind < 940) return set_capacity(operation);
    if (kind < 960) return set_model(operation);
    if (kind < 972) return set_group(operation);
    if (kind < 990) return set_tenant(operation);
    if (kind < 999) return set_key(operation);
    return fall_silent(operation);
  }
  [[nodiscard]] std::uint64_t turns() const { return turns_; }
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }  // tenants
  [[nodiscard]] const Rig& rig() const { return rig_; }
  void keep_history() { rig_.keeps_history = true; }

 private:
  using Node = ReferenceScheduler::Node;

  void pass(const Operation& operation) {
    const std::uint32_t ms = operation.c % 4 == 0 ? operation.c % 1500 : operation.c % 40;
    rig_.pass(std::chrono::milliseconds(ms));
  }

  std::string arrive(const Operation& operation) {
    const std::uint32_t t = operation.a % tenants;
    const std::uint64_t key = t * 2 + (operation.a >> 8U) % 2;
    const std::uint64_t model = (operation.a >> 16U) % models;
    Arrive event{.waiter = ++waiters_,
                 .group = id_of<GroupId>(group_of_[t] + 1),
                 .tenant = id_of<TenantId>(t + 1),
                 .key = id_of<KeyId>(key + 1),
                 .model = model == 0 ? ModelId{} : id_of<ModelId>(model),
                 .group_settings = settings_[{1, group_of_[t]}],
                 .tenant_settings = settings_[{2, t}],
                 .key_settings = settings_[{3, key}],
                 .prompt_tokens = operation.b % 3000,
                 .answers = operation.b % 6 == 0 ? 1 + (operation.b >> 4U) % 4 : 1,
                 .requested_cap = (operation.b >> 12U) % 2000,
                 .brownout_exempt = operation.b % 5 == 0};
    event.deadline = operation.b % 7 == 0 ? rig_.now + std::chrono::seconds(3) : Instant::distant_future();
    tenant_of_[waiters_] = t;
    rig_.step(event);
    reference_.begin_step(rig_.now);
    if (auto wrong = drop_refused(waiters_); !wrong.empty()) return wrong;
    Node& group = flat_ ? reference_.node(1, 0, reference_.root(), {})
                        : reference_.node(1, group_of_[t], reference_.root(), event.group_settings);
    Node& tenant = reference_.node(2, t, group, event.tenant_settings);
    Node& node = reference_.node(3, key, tenant, event.key_settings);
    if (refused(waiters_)) {
      reference_.look(node, model);
    } else {
      reference_.arrive(waiters_, {.key = &node,
                                   .model = model,
                                   .prompt = event.prompt_tokens,
                                   .cap = event.requested_cap,
                                   .answers = event.answers});
    }
    ++arrived_;
    return compare(waiters_);
  }

  std::string progress(const Operation& operation) {
    const std::uint64_t waiter = pick_of(running_, operation.a);
    if (waiter == 0) return {};
    const std::int64_t output = reference_.requests().at(waiter).output + operation.b % 200;
    rig_.step(Progress{.ticket = rig_.tickets.at(waiter), .output_tokens = output});
    reference_.begin_step(rig_.now);
    if (auto wrong = drop_refused(0); !wrong.empty()) return wrong;
    reference_.progress(waiter, output);
    return compare(0);
  }

  std::string finish(const Operation& operation) {
    const std::uint64_t waiter = pick_of(running_, operation.a);
    if (waiter == 0) return {};
    const auto& request = reference_.requests().at(waiter);
    Finish event{.ticket = rig_.tickets.at(waiter), .reached_upstream = operation.b % 11 != 0, .usage = std::nullopt};
    event.learn = operation.b % 3 != 0;
    // Often what was told; sometimes less, sometimes more.
    if (operation.b % 4 != 0) {
      event.usage =
          TokenUsage{.prompt = {request.prompt},
                     .cached = {operation.b % 2 == 0 ? request.prompt / 2 : 0},
                     .output = {operation.b % 5 == 0 ? request.output / 2 : request.output + operation.b % 300}};
    }
    rig_.step(event);
    return end(waiter, due_at(waiter, event));
  }

  std::string withdraw(const Operation& operation) {
    const bool from_running = operation.b % 8 == 0;
    const std::uint64_t waiter = pick_of(from_running ? running_ : waiting_, operation.a);
    if (waiter == 0) return {};
    const bool overdue = !from_running && overdue_at(waiter) <= rig_.now;
    rig_.withdraw(waiter);
    if (from_running) return end(waiter, 0);
    reference_.begin_step(rig_.now);
    if (auto wrong = drop_refused(0); !wrong.empty()) return wrong;
    if (!overdue && std::erase(waiting_, waiter) > 0) {
      reference_.leave_queue(waiter);
      ++cancelled_;
    }
    return compare(0);
  }

  // What a request has to pay in the end, said once more.
  [[nodiscard]] std::int64_t due_at(std::uint64_t waiter, const Finish& event) {
    if (!event.reached_upstream) return 0;
    const auto& request = reference_.requests().at(waiter);
    const TokenCosts& costs = reference_.model(request.model).settings.costs;
    const std::int64_t held = slot_cost(costs, rig_.now - request.granted);
    if (event.usage) return std::max(token_cost(costs, *event.usage), held);
    const TokenUsage told{.prompt = {request.prompt}, .output = {request.output}};
    return std::max({request.answering ? token_cost(costs, told) : 0, held, request.charged});
  }

  std::string end(std::uint64_t waiter, std::int64_t due) {
    reference_.begin_step(rig_.now);
    if (auto wrong = drop_refused(0); !wrong.empty()) return wrong;
    if (rig_.actions.settled.size() != 1) return "a finish settles exactly once";
    const std::int64_t cost = rig_.actions.settled.front().cost.value;
    if (cost != due) return "a finish settles what was used";
    settled_cost_[id_of<TenantId>(tenant_of_.at(waiter) + 1)] += cost;
    reference_.finish(waiter, cost);
    std::erase(running_, waiter);
    ++finished_;
    return compare(0);
  }

  std::string tick() {
    rig_.step(Tick{});
    reference_.begin_step(rig_.now);
    if (auto wrong = drop_refused(0); !wrong.empty()) return wrong;
    reference_.tick(running_);
    return compare(0);
  }

  // Everybody goes home, for so long that idle keys are forgotten, and sometimes their tenants too.
  std::string fall_silent(const Operation& operation) {
    while (!running_.empty() || !waiting_.empty()) {
      const Operation last{.a = operation.a, .b = running_.empty() ? 1U : 0U};
      if (auto wrong = withdraw(last); !wrong.empty()) return wrong;
    }
    constexpr int ticks = 16;
    for (std::uint32_t times = 0; times <= operation.b % 2; ++times) {
      rig_.pass(std::chrono::minutes(11));
      for (int i = 0; i < ticks; ++i) {
        if (auto wrong = tick(); !wrong.empty()) return wrong;
      }
    }
    return {};
  }

  std::string set_capacity(const Operation& operation) {
    const std::uint32_t slots = operation.a % 8;
    rig_.step(SetCapacity{.slots = slots});
    reference_.begin_step(rig_.now);
    if (auto wrong = drop_refused(0); !wrong.empty()) return wrong;
    capacity_ = slots;
    reference_.set_slots(slots);
    return compare(0);
  }

  std::string set_model(const Operation& operation) {
    const std::uint32_t model = 1 + operation.a % (models - 1);
    if (operation.c % 5 == 0) return forget_model(model);
    ModelSettings settings;
    if (operation.b % 3 != 0) settings.max_in_flight = operation.b % 5;
    settings.costs.admission_weight_thousandths = 500 * (1 + (operation.b >> 8U) % 4);
    if ((operation.b >> 12U) % 4 == 0) settings.costs.prompt_thousandths = 0;
    if ((operation.b >> 16U) % 4 == 0) settings.costs.output_thousandths = 0;
    rig_.step(SetModel{.model = id_of<ModelId>(model), .settings = settings, .admits = operation.c % 11 != 0});
    reference_.begin_step(rig_.now);
    if (auto wrong = drop_refused(0); !wrong.empty()) return wrong;
    reference_.set_model(model, settings);
    if (auto wrong = compare(0); !wrong.empty()) return wrong;
    const bool eligible = operation.b % 7 != 0;
    rig_.step(SetEligible{.model = id_of<ModelId>(model), .eligible = eligible});
    reference_.begin_step(rig_.now);
    if (auto wrong = drop_refused(0); !wrong.empty()) return wrong;
    reference_.set_eligible(model, eligible);
    return compare(0);
  }

  std::string forget_model(std::uint64_t model) {
    const bool runs = std::ranges::any_of(
        running_, [&](std::uint64_t waiter) { return reference_.requests().at(waiter).model == model; });
    if (runs) return {};  // what runs on belongs to neither the old nor the new model of that name
    rig_.step(ForgetModel{.model = id_of<ModelId>(model)});
    reference_.begin_step(rig_.now);
    if (auto wrong = drop_refused(0); !wrong.empty()) return wrong;
    reference_.forget_model(model);
    return compare(0);
  }

  static NodeSettings settings_from(const Operation& operation) {
    constexpr std::array<std::uint32_t, 6> weights{1, 50, 100, 137, 400, 1'000'000};
    NodeSettings settings{.weight = weights[operation.b % weights.size()], .max_in_flight = std::nullopt};
    if (operation.b % 5 == 0) settings.max_in_flight = (operation.b >> 8U) % 4;
    return settings;
  }

  std::string set_group(const Operation& operation) {
    const std::uint32_t group = operation.a % groups;
    const NodeSettings settings = settings_[{1, group}] = settings_from(operation);
    rig_.step(SetGroup{.group = id_of<GroupId>(group + 1), .settings = settings});
    reference_.begin_step(rig_.now);
    if (auto wrong = drop_refused(0); !wrong.empty()) return wrong;
    if (!flat_) reference_.configure(reference_.node(1, group, reference_.root(), settings), settings);
    return compare(0);
  }

  std::string set_tenant(const Operation& operation) {
    const std::uint32_t t = operation.a % tenants;
    if (operation.c % 3 == 0) group_of_[t] = (operation.a >> 8U) % groups;
    const NodeSettings settings = settings_[{2, t}] = settings_from(operation);
    const bool admits = operation.b % 9 != 0;
    rig_.step(SetTenant{.tenant = id_of<TenantId>(t + 1),
                        .group = id_of<GroupId>(group_of_[t] + 1),
                        .settings = settings,
                        .admits = admits});
    reference_.begin_step(rig_.now);
    if (auto wrong = drop_refused(0, RefusalReason::timed_out); !wrong.empty()) return wrong;
    if (Node* tenant = reference_.find(2, t); tenant != nullptr) {
      if (!flat_) {
        Node& group = reference_.node(1, group_of_[t], reference_.root(), {});
        if (tenant->parent != &group) reference_.move(*tenant, group);
      }
      reference_.configure(*tenant, settings);
    }
    if (auto wrong = drop_refused(0, RefusalReason::not_admitted); !wrong.empty()) return wrong;
    return compare(0);
  }

  std::string set_key(const Operation& operation) {
    const std::uint32_t key = operation.a % (tenants * 2);
    const NodeSettings settings = settings_[{3, key}] = settings_from(operation);
    rig_.step(SetKey{.key = id_of<KeyId>(key + 1),
                     .tenant = id_of<TenantId>(key / 2 + 1),
                     .settings = settings,
                     .admits = operation.b % 9 != 0});
    reference_.begin_step(rig_.now);
    if (auto wrong = drop_refused(0, RefusalReason::timed_out); !wrong.empty()) return wrong;
    if (Node* node = reference_.find(3, key); node != nullptr) reference_.configure(*node, settings);
    if (auto wrong = drop_refused(0, RefusalReason::not_admitted); !wrong.empty()) return wrong;
    return compare(0);
  }

  [[nodiscard]] static std::uint64_t pick_of(const std::vector<std::uint64_t>& among, std::uint32_t at) {
    return among.empty() ? 0 : among[at % among.size()];
  }
  [[nodiscard]] bool refused(std::uint64_t waiter) const {
    return std::ranges::any_of(rig_.actions.refused, [&](const Refused& refusal) { return refusal.waiter == waiter; });
  }
  [[nodiscard]] Instant overdue_at(std::uint64_t waiter) const {
    return reference_.requests().at(waiter).arrived + timeout;
  }

  // The engine's refusals happen to the reference too.
  std::string drop_refused(std::uint64_t newcomer, std::optional<RefusalReason> only = std::nullopt) {
    for (const Refused& refusal : rig_.actions.refused) {
      if (only && refusal.reason != *only) continue;
      ++refused_;
      if (refusal.waiter == newcomer) continue;
      if (refusal.retry_after < std::chrono::seconds(1) || refusal.retry_after > std::chrono::seconds(60)) {
        return "retry after is 1 to 60 s";
      }
      if (std::erase(waiting_, refusal.waiter) == 0) return "only who waits is refused";
      reference_.leave_queue(refusal.waiter);
    }
    return {};
  }

  // The same turns in the same order, for the same reason; and then every count and share.
  std::string compare(std::uint64_t newcomer) {
    if (const auto broken = rig_.engine.broken_invariant(); !broken.empty()) return std::string(broken);
    if (newcomer != 0 && !refused(newcomer)) waiting_.push_back(newcomer);
    std::size_t compared = 0;
    while (const auto turn = reference_.turn()) {
      if (compared == rig_.actions.granted.size()) return "a slot is free and an eligible request waits";
      const Granted& granted = rig_.actions.granted[compared++];
      if (granted.waiter != turn->waiter) {
        return "request " + std::to_string(granted.waiter) + " went with key " + std::to_string(granted.key) +
               ", not " + std::to_string(turn->waiter) + " with key " + std::to_string(turn->key);
      }
      if (granted.by_age_guard != turn->by_age_guard) return "the age guard acted on one side only";
      if (granted.key != turn->key)
        return "turn at key " + std::to_string(granted.key) + ", not " + std::to_string(turn->key);
      if (granted.virtual_time != turn->virtual_time) return "virtual time at the turn";
      const std::int64_t cap = reference_.requests().at(granted.waiter).cap;
      if (granted.output_cap.value_or(cap) > cap) return "a cap was raised";
      reference_.grant(*turn, granted.output_cap.value_or(cap), granted.fair_estimate);
      std::erase(waiting_, granted.waiter);
      running_.push_back(granted.waiter);
      ++turns_;
      guard_turns_ += granted.by_age_guard ? 1 : 0;
    }
    if (compared != rig_.actions.granted.size()) return "a request went that may not go";
    auto wrong = check_counts();
    return wrong.empty() ? check_shares() : wrong;
  }

  std::string check_counts() const {
    if (arrived_ != waiting_.size() + running_.size() + finished_ + cancelled_ + refused_) return "a request was lost";
    if (rig_.engine.in_flight() != running_.size()) return "requests in flight";
    if (rig_.engine.queued() != waiting_.size()) return "requests that wait";
    if (guard_turns_ * 16 > turns_ + 15) return "the age guard acts at most every 16th turn";
    return {};
  }

  std::string check_shares() {
    const Snapshot shares = rig_.engine.snapshot(rig_.now);
    if (shares.virtual_time < virtual_time_) return "virtual time fell";
    virtual_time_ = shares.virtual_time;
    std::int64_t reserved = 0;
    for (const auto& [waiter, request] : reference_.requests()) {
      if (request.reserved < 0) return "a reservation is negative";
      reserved += request.reserved;
    }
    std::int64_t reserved_by_tenants = 0;
    std::map<TenantId, std::int64_t> known;  // a forgotten tenant starts its count again
    for (const NodeShare& share : shares.tenants) {
      const Node& tenant = *reference_.find(2, share.tenant.bits.low - 1);
      if (share.reserved_cost.value != tenant.account.reserved_cost()) return "reserved cost of a tenant";
      if (share.in_flight != tenant.in_flight) return "in flight of a tenant";
      const std::int64_t settled = settled_cost_[share.tenant];
      if (share.settled_cost.value != settled) return "cost was lost";
      known[share.tenant] = settled;
      if (share.lag != reference_.lag(tenant)) {
        return "lag " + std::to_string(share.lag) + ", not " + std::to_string(reference_.lag(tenant));
      }
      reserved_by_tenants += share.reserved_cost.value;
    }
    if (reserved != reserved_by_tenants) return "reserved cost is not that of the requests that run";
    if (shares.tenants.size() < tenants_known_) forgotten_ += tenants_known_ - shares.tenants.size();
    tenants_known_ = shares.tenants.size();
    settled_cost_ = std::move(known);
    return reference_.fallen();
  }

  Rig rig_;
  ReferenceScheduler reference_;
  bool flat_;
  std::uint32_t capacity_ = 4;
  std::array<std::uint32_t, tenants> group_of_{};
  std::map<std::pair<int, std::uint64_t>, NodeSettings> settings_;
  std::vector<std::uint64_t> waiting_;
  std::vector<std::uint64_t> running_;
  std::uint64_t waiters_ = 0;
  std::uint64_t arrived_ = 0;
  std::uint64_t finished_ = 0;
  std::uint64_t cancelled_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t turns_ = 0;
  std::uint64_t guard_turns_ = 0;
  std::map<TenantId, std::int64_t> settled_cost_;     // of requests that are over, while the tenant is known
  std::map<std::uint64_t, std::uint32_t> tenant_of_;  // by waiter
  std::int64_t virtual_time_ = 0;
  std::uint64_t forgotten_ = 0;
  std::size_t tenants_known_ = 0;
};

}  // namespace obleth::fairshare
