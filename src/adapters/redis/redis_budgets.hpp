// What the budget ledgers of all loops share: how they know the time, what Redis told last, who remembers spending, and
// which questions about it are under way, what is held. Any thread; it outlives the ledgers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "adapters/redis/checked_accounts.hpp"
#include "adapters/redis/open_holds.hpp"
#include "adapters/redis/spare_budgets.hpp"
#include "ports/clock.hpp"
#include "ports/gate.hpp"
#include "ports/spending_book.hpp"
#include "ports/unsettled_tally.hpp"

namespace obleth::adapters {

struct RedisBudgetRules {
  ports::SpendingBook* book = nullptr;                // null: nothing was spent before Redis was asked first
  ports::SpendingCheckpoints* checkpoints = nullptr;  // what is known where the book is silent; null: nothing
  std::uint32_t replicas = 1;                         // that share what is left while Redis is away
  ports::UnsettledTally* unsettled = nullptr;         // told of every reservation, of unlimited accounts too
  bool uses_clock_of_process = false;                 // tests: instead of Redis' own
};

class RedisBudgets {
 public:
  RedisBudgets(const ports::Clock& clock, const RedisBudgetRules& rules)
      : clock(clock), rules(rules), spare(rules.replicas) {}

  const ports::Clock& clock;
  const RedisBudgetRules rules;
  std::atomic<bool> fail_open = true;  // false: without Redis, and without the book, requests are refused
  SpareBudgets spare;
  OpenHolds holds;
  CheckedAccounts checked;
  std::atomic<std::uint64_t> bookings_dropped = 0;  // by the queues of all loops

  // This process's wall clock, put right by what Redis last said.
  [[nodiscard]] WallTime now() const { return {clock.wall_now().unix_ms + offset_ms_.load(std::memory_order_relaxed)}; }
  void heard_time(WallTime redis_now) {
    offset_ms_.store(redis_now.unix_ms - clock.wall_now().unix_ms, std::memory_order_relaxed);
    checked.heard_time(redis_now);
  }
  // The argument of every script. Empty: Redis looks at its own.
  [[nodiscard]] std::string time_for_scripts() const {
    return rules.uses_clock_of_process ? std::to_string(clock.wall_now().unix_ms) : std::string();
  }
  // How much of what was spent before Redis told this is in it: nothing that is certain; what could be known while the
  // book was silent; all.
  enum class Known : std::uint8_t { nothing, by_record, all };
  [[nodiscard]] Known known_spending(const ports::SpendingAccount& account, const AccountState& told) const {
    if (told.is_unknown) return Known::nothing;
    if (!told.has_budget) return Known::all;
    const CheckedAccounts::Checked known = checked.of(account);
    if (known.counted_from != told.counted_from) return Known::nothing;
    return known.by_book ? Known::all : Known::by_record;
  }

  // The question about an account's spending that is under way, or a new one that the caller is to ask.
  struct Question {
    std::shared_ptr<ports::Gate> answered;
    bool is_new = false;
  };
  [[nodiscard]] Question board(const std::string& account);
  void leave(const std::string& account);
  // Not while the book was silent a moment ago.
  [[nodiscard]] bool may_ask() const { return clock.now() >= ask_again_at_.load(std::memory_order_relaxed); }
  void note_silence(const std::string& reason);

 private:
  std::atomic<std::int64_t> offset_ms_ = 0;
  std::atomic<Instant> ask_again_at_{Instant()};
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<ports::Gate>> questions_;  // guarded by mutex_
};

}  // namespace obleth::adapters
