// The budget ledger of a gateway that stands alone: in this process, the product's embedded mode.
//
// A tenant and its keys live in one shard, so that key and tenant are asked and charged in one critical section. What
// was spent before an account was first used here comes from the spending book: one question, however many requests
// wait for it, and none of them for longer than spending_wait_max. Any thread; it outlives the loops whose tasks use
// it. What is allowed is decided by core/budget; nothing here knows a rule.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "ports/budget_ledger.hpp"
#include "ports/clock.hpp"
#include "ports/spending_book.hpp"
#include "ports/unsettled_tally.hpp"

namespace obleth::adapters {

// Reservations that are open at one time, over all tenants; one more is refused as "store".
inline constexpr std::size_t open_reservations_max = 1'000'000;
// For an answer of the spending book; after one that did not come, nobody waits for this long.
inline constexpr Duration spending_wait_max = std::chrono::milliseconds(250);
inline constexpr Duration spending_pause = std::chrono::seconds(1);

struct LedgerSurroundings {
  ports::SpendingBook* book = nullptr;         // null: nothing was spent before this process
  ports::UnsettledTally* unsettled = nullptr;  // told of every reservation, of unlimited accounts too
};

class BudgetShard;
struct KeptAccount;
class SpendingFlight;
enum class UnknownSpending : std::uint8_t;

class MemoryBudgetLedger final : public ports::BudgetLedger {
 public:
  explicit MemoryBudgetLedger(const ports::Clock& clock, const LedgerSurroundings& around = {});
  ~MemoryBudgetLedger() override;

  // While the book does not answer: requests pass, on what is known, as from the start, or are refused as "store".
  void set_fail_open(bool fails_open) { fails_open_.store(fails_open, std::memory_order_relaxed); }

  Task<ports::ReserveOutcome> reserve(const ports::ReserveRequest& request) override;
  WallTime settle(const ports::SettleRequest& request) override;
  void renew(std::span<const ports::HeldReservation> held) override;
  Task<std::optional<ports::BudgetStanding>> standing(const ports::StandingQuestion& question) override;

  // For tests and status: accounts remembered. Those that nothing was taken from are forgotten from time to time.
  [[nodiscard]] std::size_t account_count() const;
  [[nodiscard]] std::size_t open_reservations() const;

 private:
  struct GuardedShard;
  class Deadline;
  [[nodiscard]] GuardedShard& shard_of(TenantId tenant) const;
  [[nodiscard]] std::optional<ports::ReserveOutcome> try_reserve(const ports::ReserveRequest& request,
                                                                 UnknownSpending unknown);
  // Asks the book about what is unknown of the account, and waits for the answer, though not for ever.
  Task<void> learn_spending(GuardedShard& shard, ports::SpendingAccount account);
  // Null: nothing is unknown, or the book is not to be asked now. Second: the caller is to start it.
  std::pair<std::shared_ptr<SpendingFlight>, bool> board(GuardedShard& shard, const ports::SpendingAccount& account);
  Task<void> fly(GuardedShard& shard, std::shared_ptr<SpendingFlight> flight);
  void note_silence(const std::string& reason);

  static constexpr std::size_t shard_count = 64;
  const ports::Clock& clock_;
  const LedgerSurroundings around_;
  std::atomic<bool> fails_open_ = true;
  std::atomic<Instant> ask_again_at_{Instant()};
  std::unique_ptr<std::array<GuardedShard, shard_count>> shards_;
};

}  // namespace obleth::adapters
