// Reserve before the request runs, settle exactly once when it ends.
//
// One atomic step for key and tenant together: all limits pass or nothing is taken. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "domain/budget.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"

namespace obleth::ports {

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

struct SettleRequest {
  EventId reservation;
  TenantId tenant;
  KeyId key;
  std::int64_t held_tokens = 0;
  std::int64_t used_tokens = 0;  // the truth; 0 when the request never ran
  NanoUsd cost;
  bool refund_request = false;  // it left before it reached the upstream: the request count goes back too
};

class BudgetLedger {
 public:
  virtual ~BudgetLedger() = default;
  virtual Task<ReserveOutcome> reserve(const ReserveRequest& request) = 0;
  // Never waits and never fails for the caller; idempotent by reservation id.
  virtual void settle(const SettleRequest& request) = 0;
  // Whatever limits these accounts have now, without taking anything.
};

}  // namespace obleth::ports
