// Reserve before the request runs, settle exactly once when it ends.
//
// One atomic step for key and tenant together: all limits pass or nothing is taken. A reservation lasts as long as its
// owner renews it; what an owner that died held is released. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "domain/budget.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"

namespace obleth::ports {

// Without a renewal for this long, a reservation's owner is taken to be dead.
inline constexpr Duration reservation_lifetime = std::chrono::seconds(120);

struct LimitedAccount {
  Quota quota;
  std::optional<Budget> budget;
};

struct ReserveRequest {
  EventId reservation;
  TenantId tenant;
  KeyId key;
  LimitedAccount tenant_limits;
  LimitedAccount key_limits;
  std::string timezone;           // of the tenant, for budget windows
  std::int64_t input_tokens = 0;  // estimated
  std::int64_t hold_tokens = 0;   // input + expected output: taken from the rate buckets
  std::int64_t bound_tokens = 0;  // input + upper bound of the output: held on budgets
  NanoUsd bound_cost;
  NanoUsd input_cost;        // of bound_cost: input and the price of the request
  std::int64_t answers = 1;  // prompts × n, each of which may be as long as the output cap
  // Softening: the smallest output cap that the tenant accepts instead of a refusal; absent = refuse.
  std::optional<std::int64_t> soften_to_tokens;
  PicoUsd output_cost_per_token;  // to price a softened bound
};

enum class SoftenedBy : std::uint8_t { nothing, quota, budget };
enum class RefusedBy : std::uint8_t { tokens_per_minute, requests_per_minute, budget, store };

// For x-ratelimit-*: the tighter of key and tenant.
struct RateState {
  std::int64_t limit = 0;
  std::int64_t remaining = 0;
  Duration reset{0};
};

struct Reservation {
  EventId id;
  std::int64_t held_tokens = 0;
  std::optional<std::int64_t> output_cap;  // softened to this
  SoftenedBy softened_by = SoftenedBy::nothing;
  std::optional<RateState> tokens;
  std::optional<RateState> requests;
  bool renewable = false;  // something is held, which has to be renewed until it is settled
  bool counts_on_budget = false;
  bool unguarded = false;  // what a budget has left could not be known; the operator lets such requests pass
};

struct ReserveRefusal {
  RefusedBy by = RefusedBy::tokens_per_minute;
  std::string account;      // "key" or "tenant", for the message
  Duration retry_after{0};  // when the request could be admitted
  std::optional<RateState> tokens;
  std::optional<RateState> requests;
};

struct ReserveOutcome {
  std::optional<Reservation> granted;
  ReserveRefusal refusal;  // when not granted
};

// Settles of one stream are numbered from 1 and come in order, so that a store sees what comes a second time by the
// last number that it kept. 0: not numbered.
struct SettleTurn {
  std::uint64_t stream = 0;
  std::uint64_t sequence = 0;
};

struct SettleRequest {
  EventId reservation;
  TenantId tenant;
  KeyId key;
  std::int64_t held_tokens = 0;
  std::int64_t used_tokens = 0;  // the truth; 0 when the request never ran
  NanoUsd cost;
  bool refund_request = false;  // it left before it reached the upstream: the request count goes back too
  WallTime ended_at;            // the term that is charged
  SettleTurn turn;
};

struct HeldReservation {
  EventId reservation;
  TenantId tenant;
};

// Of the tenant, or of one of its keys.
struct StandingQuestion {
  TenantId tenant;
  std::optional<KeyId> key;
  LimitedAccount limits;
  std::string timezone;
};

// What the present term of a budget has come to.
struct BudgetStanding {
  std::int64_t used_tokens = 0;
  NanoUsd used_cost;
  std::int64_t held_tokens = 0;
  NanoUsd held_cost;
  std::optional<WallTime> resets_at;  // absent: the term never ends, or has not begun
};

class BudgetLedger {
 public:
  virtual ~BudgetLedger() = default;
  virtual Task<ReserveOutcome> reserve(const ReserveRequest& request) = 0;
  // Never waits and never fails for the caller. What is settled twice counts once; the truth of a reservation that is
  // unknown, or that has expired, is booked in full. Answers the moment that the request's row must bear: ended_at, or
  // a later one where its accounts are counted from then on.
  virtual WallTime settle(const SettleRequest& request) = 0;
  // Their owner is alive. Never waits; what is not held (any more) is passed over.
  virtual void renew(std::span<const HeldReservation> held) = 0;
  // Takes nothing. nullopt: it cannot be known now.
  virtual Task<std::optional<BudgetStanding>> standing(const StandingQuestion& question) = 0;
};

}  // namespace obleth::ports
