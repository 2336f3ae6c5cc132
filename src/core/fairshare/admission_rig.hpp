// What the engine's tests share: an engine with a hand-moved clock, and short ways to say what happens.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/fairshare/admission.hpp"

namespace obleth::fairshare {

template <class Id>
[[nodiscard]] constexpr Id id_of(std::uint64_t number) {
  return Id{Bits128{.high = ~number * 0xD6E8FEB86659FD93ULL, .low = number}};
}

// An engine under test. Waiters are numbered by the test; tickets are found by waiter.
class Rig {
 public:
  explicit Rig(const AdmissionLimits& limits) : engine(limits) {}

  const Actions& step(const Event& event) {
    actions.clear();
    engine.step(event, now, actions);
    if (keeps_history) history.emplace_back(now, event);
    for (const Queued& queued : actions.queued)
      tickets[queued.waiter] = queued.ticket;
    for (const Granted& granted : actions.granted) {
      tickets[granted.waiter] = granted.ticket;
      turns.push_back(granted.waiter);
    }
    return actions;
  }
  void pass(Duration span) { now = now + span; }

  // A request of tenant t, by its key t, in group g, for model m: 100 prompt tokens and a cap of 100.
  [[nodiscard]] static Arrive request(std::uint64_t waiter, std::uint64_t tenant, std::uint64_t group = 1,
                                      std::uint64_t model = 1) {
    return {.waiter = waiter,
            .group = id_of<GroupId>(group),
            .tenant = id_of<TenantId>(tenant),
            .key = id_of<KeyId>(tenant),
            .model = id_of<ModelId>(model),
            .prompt_tokens = 100,
            .requested_cap = 100};
  }
  const Actions& finish(std::uint64_t waiter, std::int64_t output = 100) {
    return step(Finish{.ticket = tickets.at(waiter), .usage = TokenUsage{.prompt = {100}, .output = {output}}});
  }
  const Actions& withdraw(std::uint64_t waiter) { return step(Withdraw{tickets.at(waiter)}); }

  Admission engine;
  Instant now{std::chrono::hours(1)};
  Actions actions;
  std::map<std::uint64_t, Ticket> tickets;
  std::vector<std::uint64_t> turns;  // waiters in the order in which they were granted
  bool keeps_history = false;
  std::vector<std::pair<Instant, Event>> history;
};

}  // namespace obleth::fairshare
