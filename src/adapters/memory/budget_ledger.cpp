#include "adapters/memory/budget_ledger.hpp"

#include <limits>
#include <mutex>
#include <utility>
#include <variant>

#include "adapters/memory/budget_shard.hpp"
#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

constexpr Duration complaint_period = std::chrono::minutes(1);

ports::BudgetStanding standing_of(const budget::Account& account) {
  constexpr WallTime never{std::numeric_limits<std::int64_t>::max()};
  const budget::Amount held = account.held();
  ports::BudgetStanding standing{.used_tokens = account.spent().tokens,
                                 .used_cost = account.spent().cost,
                                 .held_tokens = held.tokens,
                                 .held_cost = held.cost,
                                 .resets_at = {}};
  if (!account.term()) standing.used_tokens = standing.used_cost.value = 0;
  if (account.term() && account.term()->end != never) standing.resets_at = account.term()->end;
  return standing;
}

}  // namespace

// Releases who waits for a flight when its time is up. On the thread of its loop.
class MemoryBudgetLedger::Deadline final : private ports::Timer {
 public:
  // loop: null on a thread without one, which waits for the book itself.
  Deadline(MemoryBudgetLedger& ledger, SpendingFlight& flight, ports::Loop* loop)
      : ledger_(ledger), flight_(flight), loop_(loop) {
    if (loop_ != nullptr) loop_->arm(*this, loop_->now() + spending_wait_max);
  }
  ~Deadline() {
    if (loop_ != nullptr) loop_->disarm(*this);
  }

 private:
  void expired() override {
    ledger_.note_silence("no answer within " + std::to_string(whole_ms(spending_wait_max)) + " ms");
    flight_.release();
  }

  MemoryBudgetLedger& ledger_;
  SpendingFlight& flight_;
  ports::Loop* loop_;
};

struct MemoryBudgetLedger::GuardedShard {
  std::mutex mutex;
  std::optional<BudgetShard> shard;  // set at once, guarded by mutex
};

MemoryBudgetLedger::MemoryBudgetLedger(const ports::Clock& clock, const LedgerSurroundings& around)
    : clock_(clock), around_(around), shards_(std::make_unique<std::array<GuardedShard, shard_count>>()) {
  for (GuardedShard& guarded : *shards_)
    guarded.shard.emplace(open_reservations_max / shard_count, around_.book != nullptr);
}
MemoryBudgetLedger::~MemoryBudgetLedger() = default;

MemoryBudgetLedger::GuardedShard& MemoryBudgetLedger::shard_of(TenantId tenant) const {
  return (*shards_)[hash_value(tenant) % shard_count];
}

Task<ports::ReserveOutcome> MemoryBudgetLedger::reserve(const ports::ReserveRequest& request) {
  const bool nobody_to_ask = around_.book == nullptr;
  std::optional<ports::ReserveOutcome> outcome =
      try_reserve(request, nobody_to_ask ? UnknownSpending::ignored : UnknownSpending::asked);
  if (outcome) co_return std::move(*outcome);
  GuardedShard& shard = shard_of(request.tenant);
  co_await learn_spending(shard, request.key);
  co_await learn_spending(shard, request.tenant);
  outcome = try_reserve(
      request, fails_open_.load(std::memory_order_relaxed) ? UnknownSpending::admitted : UnknownSpending::refused);
  co_return std::move(*outcome);
}

std::optional<ports::ReserveOutcome> MemoryBudgetLedger::try_reserve(const ports::ReserveRequest& request,
                                                                     UnknownSpending unknown) {
  const budget::Moment at{clock_.now(), clock_.wall_now()};
  GuardedShard& guarded = shard_of(request.tenant);
  const std::lock_guard lock(guarded.mutex);
  std::optional<ports::ReserveOutcome> outcome = guarded.shard->reserve(request, at, unknown);
  if (around_.unsettled != nullptr && outcome && outcome->granted) around_.unsettled->began();
  return outcome;
}

WallTime MemoryBudgetLedger::settle(const ports::SettleRequest& request) {
  const Instant now = clock_.now();
  GuardedShard& guarded = shard_of(request.tenant);
  if (around_.unsettled != nullptr) around_.unsettled->ended();
  const std::lock_guard lock(guarded.mutex);
  return guarded.shard->settle(request, now);
}

void MemoryBudgetLedger::renew(std::span<const ports::HeldReservation> held) {
  const Instant now = clock_.now();
  for (const ports::HeldReservation& one : held) {
    GuardedShard& guarded = shard_of(one.tenant);
    const std::lock_guard lock(guarded.mutex);
    guarded.shard->renew(one.reservation, now);
  }
}

Task<std::optional<ports::BudgetStanding>> MemoryBudgetLedger::standing(const ports::StandingQuestion& question) {
  GuardedShard& guarded = shard_of(question.tenant);
  const ports::SpendingAccount account =
      question.key ? ports::SpendingAccount(*question.key) : ports::SpendingAccount(question.tenant);
  for (const bool asked : {false, true}) {
    if (asked) co_await learn_spending(guarded, account);
    const budget::Moment at{clock_.now(), clock_.wall_now()};
    const std::lock_guard lock(guarded.mutex);
    guarded.shard->release_expired(at);
    const KeptAccount* const kept =
        guarded.shard->obey(ports::bits_of(account), question.limits, question.timezone, at);
    if (kept == nullptr) co_return ports::BudgetStanding();
    if (!kept->account.unknown() || around_.book == nullptr) co_return standing_of(kept->account);
  }
  co_return std::nullopt;
}

Task<void> MemoryBudgetLedger::learn_spending(GuardedShard& shard, ports::SpendingAccount account) {
  const auto [flight, is_new] = board(shard, account);
  if (flight == nullptr) co_return;
  ports::Loop* const loop = ports::Loop::current();
  if (loop == nullptr) {
    co_await fly(shard, flight);
    co_return;
  }
  // By itself, so that a request which leaves does not strand the others.
  if (is_new) spawn(fly(shard, flight));
  const auto landed = std::make_shared<ports::Handover>(*loop);
  if (flight->wait(landed)) co_await landed->awaited();
}

std::pair<std::shared_ptr<SpendingFlight>, bool> MemoryBudgetLedger::board(GuardedShard& shard,
                                                                           const ports::SpendingAccount& account) {
  const bool may_ask = clock_.now() >= ask_again_at_.load(std::memory_order_relaxed);
  const std::lock_guard lock(shard.mutex);
  KeptAccount* const kept = shard.shard->find(ports::bits_of(account));
  if (kept == nullptr || !kept->account.unknown()) return {nullptr, false};
  // A flight about another span answers a question that is out of date.
  if (kept->flight != nullptr && kept->flight->span() == *kept->account.unknown()) return {kept->flight, false};
  if (!may_ask) return {nullptr, false};
  kept->flight = std::make_shared<SpendingFlight>(account, *kept->account.unknown());
  return {kept->flight, true};
}

Task<void> MemoryBudgetLedger::fly(GuardedShard& shard, std::shared_ptr<SpendingFlight> flight) {
  const Deadline deadline(*this, *flight, ports::Loop::current());
  const Result<ports::Spending> spent = co_await around_.book->spent(flight->account(), flight->span());
  if (!spent) note_silence(spent.error().message);
  {
    const std::lock_guard lock(shard.mutex);
    KeptAccount* const kept = shard.shard->find(ports::bits_of(flight->account()));
    const bool is_the_last = kept != nullptr && kept->flight == flight;
    if (is_the_last) kept->flight = nullptr;
    if (is_the_last && spent) kept->account.learn(flight->span(), {spent->tokens, spent->cost});
  }
  flight->release();
}

void MemoryBudgetLedger::note_silence(const std::string& reason) {
  ask_again_at_.store(clock_.now() + spending_pause, std::memory_order_relaxed);
  observe::log_once_per(complaint_period, observe::LogLevel::error,
                        fails_open_.load(std::memory_order_relaxed)
                            ? "what budgets have spent before the start cannot be read; their requests pass unguarded"
                            : "what budgets have spent before the start cannot be read; their requests are refused",
                        reason);
}

std::size_t MemoryBudgetLedger::account_count() const {
  std::size_t count = 0;
  for (GuardedShard& guarded : *shards_) {
    const std::lock_guard lock(guarded.mutex);
    count += guarded.shard->account_count();
  }
  return count;
}

std::size_t MemoryBudgetLedger::open_reservations() const {
  std::size_t count = 0;
  for (GuardedShard& guarded : *shards_) {
    const std::lock_guard lock(guarded.mutex);
    count += guarded.shard->open_count();
  }
  return count;
}

}  // namespace obleth::adapters
