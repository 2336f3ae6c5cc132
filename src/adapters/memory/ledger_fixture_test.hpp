// For tests of the budget ledger: a clock that is stepped, requests and settlements by number.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "ports/budget_ledger.hpp"
#include "ports/clock.hpp"

namespace obleth::adapters {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr TenantId tenant{{7, 1}};
inline constexpr KeyId key{{7, 2}};

class SteppedClock final : public ports::Clock {
 public:
  [[nodiscard]] Instant now() const override { return Instant(since_start_); }
  [[nodiscard]] WallTime wall_now() const override {
    return {1'700'000'000'000 + wall_offset_ms_ + std::chrono::duration_cast<milliseconds>(since_start_).count()};
  }
  void step(Duration span) { since_start_ += span; }
  void set_wall(std::int64_t by_ms) { wall_offset_ms_ += by_ms; }

 private:
  Duration since_start_{0};
  std::int64_t wall_offset_ms_ = 0;
};

inline ports::ReserveRequest request(std::uint64_t id, std::int64_t input, std::int64_t expected, std::int64_t bound) {
  ports::ReserveRequest asked;
  asked.reservation = EventId{{id, id}};
  asked.tenant = tenant;
  asked.key = key;
  asked.timezone = "UTC";
  asked.input_tokens = input;
  asked.hold_tokens = input + expected;
  asked.bound_tokens = input + bound;
  return asked;
}

inline ports::SettleRequest settlement(std::uint64_t id, std::int64_t used, std::int64_t nano_usd = 0) {
  ports::SettleRequest settled;
  settled.reservation = EventId{{id, id}};
  settled.tenant = tenant;
  settled.key = key;
  settled.used_tokens = used;
  settled.cost = {nano_usd};
  settled.ended_at = {1'700'000'000'001};
  return settled;
}

inline Budget tokens_a_day(std::int64_t tokens) {
  return {.period = BudgetPeriod::day, .starts_at = {}, .tokens = tokens, .cost = {}};
}

}  // namespace obleth::adapters
