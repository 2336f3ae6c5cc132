// What this process may still give while Redis is away: its part of what every account had left when Redis last told.
//
// With N replicas, each takes 1/N of it: all together spend no more than there was, but for what was spent at others
// between then and now. So accounts in use are asked of again and again (SpareRefresh). What is spent here is booked in
// Redis when it is back (SettleQueue), and the part is worked out anew from what Redis then tells; so it is meanwhile
// when a limit changes or a term ends. Of an account that was never heard of nothing is known: it is metered,
// unguarded. Any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapters/redis/budget_state.hpp"
#include "ports/budget_ledger.hpp"
#include "ports/spending_checkpoints.hpp"

namespace obleth::adapters {

class SpareBudgets {
 public:
  static constexpr std::size_t accounts_max = 100'000;  // remembered; beyond it all are forgotten, and told of again
  static constexpr std::size_t stale_max = 1'000;       // asked of in one turn; the others in the next ones
  static constexpr Duration fresh_for = std::chrono::seconds(1);  // what was told is not asked for again
  static constexpr Duration in_use_for = std::chrono::hours(1);   // since its last request here

  explicit SpareBudgets(std::uint32_t replicas) : replicas_expected_(replicas), replicas_(replicas) {}

  // How many share what is left: as many as were seen last, and never fewer than are expected.
  void learn_replicas(std::uint32_t seen) { replicas_.store(std::max(seen, replicas_expected_)); }
  [[nodiscard]] std::uint32_t replicas() const { return replicas_.load(); }

  // Redis has told a request: what was held back here begins anew.
  void learn(TenantId tenant, const ChargedAccount& account, const AccountState& state, Instant now);
  // Accounts in use of which Redis has not told for a moment: fields by tenant.
  [[nodiscard]] std::map<TenantId, std::vector<std::string>> take_stale(Instant now);
  // Redis has told unasked by a request. No effect where it told one meanwhile, or where the part is in use.
  void refresh(TenantId tenant, const std::string& field, const AccountState& state, Instant asked_at);
  [[nodiscard]] ports::ReserveOutcome reserve(const ports::ReserveRequest& request,
                                              const std::vector<ChargedAccount>& charged, budget::Moment at);
  // What a reservation of this store holds on budgets.
  [[nodiscard]] budget::Amount bound_of(EventId reservation) const;
  // No effect where the reservation is not of this store.
  void settle(const ports::SettleRequest& request, Instant now);

  // What Redis told of budgets since this was asked last.
  [[nodiscard]] std::vector<ports::SpendingCheckpoint> take_told();

  // Redis has told of it before.
  [[nodiscard]] bool knows(TenantId tenant, const std::string& field) const;
  // From when on an account counts, as far as it is known here: rows of before bear that moment.
  [[nodiscard]] WallTime counted_from(TenantId tenant, const std::string& field) const;

 private:
  struct Name {
    Bits128 tenant;
    std::string field;
    bool operator==(const Name&) const = default;
  };
  struct NameHash {
    std::size_t operator()(const Name& name) const {
      return std::hash<std::string>{}(name.field) ^ static_cast<std::size_t>(name.tenant.low);
    }
  };
  // This process's part while Redis is away: of these limits, until the term changes.
  struct Part {
    budget::Account account;
    budget::Limits limits;
    std::string timezone;
    WallTime until;
    budget::Amount spent;       // here; also while there was no budget
    bool is_unguarded = false;  // more may have been spent of the term than is known
  };
  struct Told {
    AccountState state;
    Instant at;
    Instant used_at;  // by a request
    std::optional<Part> part;
    ports::SpendingAccount account;
    bool is_news = false;    // in news_
    bool is_in_use = false;  // in in_use_
  };
  struct Held {
    budget::Hold hold;
    std::vector<Name> accounts;
  };

  // Where its limits or its term have changed: anew, but for what it gave and holds.
  [[nodiscard]] Part& part_of(Told& told, const ChargedAccount& charged, budget::Moment at) const;
  void give_limits(Part& part, const AccountState& state, budget::Moment at) const;

  const std::uint32_t replicas_expected_;
  std::atomic<std::uint32_t> replicas_;
  mutable std::mutex mutex_;
  std::unordered_map<Name, Told, NameHash> told_;
  std::unordered_map<EventId, Held> held_;
  std::vector<Name> news_;
  std::deque<Name> in_use_;  // all are in told_
};

}  // namespace obleth::adapters
