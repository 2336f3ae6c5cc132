// A limited account as the budget scripts see it: what is said of its limits, and what they answer of its state.
// Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/redis/redis_server.hpp"
#include "core/budget/account.hpp"
#include "ports/budget_ledger.hpp"
#include "ports/spending_book.hpp"

namespace obleth::adapters {

// Of one request: key or tenant, as far as it is limited.
struct ChargedAccount {
  ports::SpendingAccount id;
  const char* name = "tenant";  // "key" or "tenant", for messages
  ports::LimitedAccount limits;
  std::string timezone;

  [[nodiscard]] std::string field() const;  // of the tenant's state
};

// Those of the two that have a limit, the key first.
[[nodiscard]] std::vector<ChargedAccount> charged_by(const ports::ReserveRequest& request);
[[nodiscard]] bool is_limited(const ports::LimitedAccount& limits);
[[nodiscard]] std::string field_of(const ports::SpendingAccount& id);

// The arguments of reserve_script for one account, with its budget's term of this moment.
void append_account(std::vector<std::string>& arguments, const ChargedAccount& account, WallTime now);
// Whole dollars and the nano-dollars below one.
void append_cost(std::vector<std::string>& arguments, NanoUsd cost);
void append_amount(std::vector<std::string>& arguments, const budget::Amount& amount);

// The names of a tenant's state, and of when its open holds end.
[[nodiscard]] std::string budget_key(const RedisServer& server, TenantId tenant);
[[nodiscard]] std::string budget_expiries_key(const RedisServer& server, TenantId tenant);

// As a script answered it.
struct AccountState {
  bool has_budget = false;
  WallSpan term;
  WallTime counted_from;
  bool is_unknown = false;  // what was spent in the term before counted_from
  budget::Amount spent;
  budget::Amount held;
  struct Bucket {
    std::int64_t limit = -1;  // none
    std::int64_t level = 0;   // in bucket_units
    WallTime at;              // when it stood there, by Redis' clock
  };
  Bucket tokens;
  Bucket requests;

  // nullopt: no such answer.
  [[nodiscard]] static std::optional<AccountState> parse(std::string_view packed);
  // Its buckets as they are now, by Redis' clock: those that no script has answered are as they were last touched.
  void refill(WallTime now);
  // When the hold has been taken from it.
  [[nodiscard]] AccountState after(const budget::Hold& hold) const;
  // For core/budget to decide on, under the limits of the request. now: of this process.
  [[nodiscard]] budget::Account account(const ports::LimitedAccount& limits, Instant now) const;
};

}  // namespace obleth::adapters
