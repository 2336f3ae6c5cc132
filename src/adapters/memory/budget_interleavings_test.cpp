// Random interleavings of requests, endings, deaths, restarts and clock steps, against a second bookkeeping that knows
// only rows and bounds. OBLETH_BUDGET_OPERATIONS sets how many operations; OBLETH_BUDGET_SEED replays one.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "adapters/memory/budget_ledger.hpp"
#include "adapters/memory/ledger_fixture_test.hpp"

namespace obleth::adapters {
namespace {

constexpr std::int64_t day_ms = 24 * 60 * 60 * 1000;
constexpr std::int64_t price_pico = 1'500'333;
constexpr std::int64_t input_price_pico = 700'111;
constexpr std::size_t open_wanted = 400;

std::int64_t cost_of(std::int64_t input, std::int64_t output) {
  return (input * input_price_pico + output * price_pico + 500) / 1000;
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Sum {
  std::int64_t tokens = 0;
  std::int64_t nano_usd = 0;
  void add(std::int64_t more_tokens, std::int64_t more_nano_usd) {
    tokens += more_tokens;
    nano_usd += more_nano_usd;
  }
};

// One tenant or key as the second bookkeeping sees it.
struct Owner {
  ports::SpendingAccount account;
  ports::LimitedAccount limits;
  Sum held;
  Sum late;  // of this term, settled after its reservation had expired
  std::int64_t term_begin_ms = 0;
  Sum spent;
  std::vector<std::pair<std::int64_t, Sum>> rows;  // of the last two days, or all where the budget never ends

  [[nodiscard]] bool is_daily() const { return limits.budget && limits.budget->period == BudgetPeriod::day; }
  void enter_term(std::int64_t wall_ms) {
    const std::int64_t begin_ms = is_daily() ? wall_ms / day_ms * day_ms : 0;
    if (begin_ms == term_begin_ms) return;
    term_begin_ms = begin_ms;
    spent = late = {};
  }
};

// The rows of both kinds of accounts: all that a restart leaves.
class RowBook final : public ports::SpendingBook {
 public:
  explicit RowBook(std::deque<Owner>& owners) : owners_(owners) {}
  Task<Result<ports::Spending>> spent(ports::SpendingAccount account, WallSpan span) override {
    ports::Spending sum;
    const auto owner = std::ranges::find(owners_, account, &Owner::account);
    for (const auto& [ts_ms, amount] : owner->rows) {
      if (!span.contains({ts_ms})) continue;
      sum.tokens += amount.tokens;
      sum.cost.value += amount.nano_usd;
    }
    co_return sum;
  }

 private:
  std::deque<Owner>& owners_;
};

struct Running {
  std::uint64_t id = 0;
  std::size_t tenant = 0;
  std::size_t key = 0;
  std::int64_t input = 0;
  std::int64_t output = 0;  // at most
  Sum bound;
  bool owner_lives = true;
  bool expired = false;
  Instant expires_at;
};

class Interleavings {
 public:
  explicit Interleavings(std::uint64_t seed) : random_(seed), book_(owners_) {
    const auto lifetime = [](std::optional<std::int64_t> tokens, std::optional<NanoUsd> cost) {
      return Budget{.period = BudgetPeriod::lifetime, .starts_at = {}, .tokens = tokens, .cost = cost};
    };
    const auto daily = [](std::optional<std::int64_t> tokens, std::optional<NanoUsd> cost) {
      return Budget{.period = BudgetPeriod::day, .starts_at = {}, .tokens = tokens, .cost = cost};
    };
    add(TenantId{{1, 1}}, {}, daily(400'000, {}));
    add(TenantId{{1, 2}}, {}, daily({}, NanoUsd{500'000'000}));
    add(TenantId{{1, 3}}, {.tokens_per_minute = 300'000}, lifetime(900'000'000, NanoUsd{900'000'000'000}));
    add(KeyId{{2, 0}}, {}, daily(90'000, {}));
    add(KeyId{{2, 1}}, {.requests_per_minute = 600}, {});
    add(KeyId{{2, 2}}, {}, daily(200'000, NanoUsd{150'000'000}));
    restart();
  }

  void step() {
    const std::int64_t dice = pick(1000);
    if (dice < 480 && running_.size() < open_wanted) {
      reserve();
    } else if (dice < 900) {
      end_one();
    } else if (dice < 905) {
      if (!running_.empty()) any_running().owner_lives = false;
    } else if (dice < 910) {
      repeat_last_settle();
    } else if (dice < 911) {
      if (pick(20) == 0) restart();
    } else {
      pass_time();
    }
    check();
  }

  // Every owner dies.
  void abandon_all() {
    running_.clear();
    clock_.step(ports::reservation_lifetime);
    for (Owner& owner : owners_)
      owner.held = {};
    check();
    EXPECT_EQ(ledger_->open_reservations(), 0U);
  }

  struct Tally {
    std::int64_t granted = 0, refused = 0, softened = 0, settled = 0, expired = 0, late = 0, repeated = 0, restarts = 0,
                 budgets_nearly_spent = 0;
  };
  Tally tally;

 private:
  static constexpr std::size_t tenant_count = 3;

  std::int64_t pick(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
  }
  void add(const ports::SpendingAccount& account, const Quota& quota, const std::optional<Budget>& budget) {
    owners_.push_back({.account = account, .limits = {quota, budget}, .rows = {}});
  }
  Owner& tenant_of(const Running& running) { return owners_[running.tenant]; }
  Owner& key_of(const Running& running) { return owners_[tenant_count + running.key]; }
  Running& any_running() {
    return running_[static_cast<std::size_t>(pick(static_cast<std::int64_t>(running_.size())))];
  }

  void restart() {
    ledger_ = std::make_unique<MemoryBudgetLedger>(clock_, LedgerSurroundings{.book = &book_});
    running_.clear();
    for (Owner& owner : owners_)
      owner.held = {};
    last_settle_.reset();
    clock_.step(milliseconds(2));
    ++tally.restarts;
  }

  void reserve() {
    // Each tenant has one key, as each key has one tenant.
    const auto who = static_cast<std::size_t>(pick(tenant_count));
    Running made{.id = ++last_id_, .tenant = who, .key = who, .input = 1 + pick(200), .bound = {}};
    const std::int64_t bound = pick(3000);
    ports::ReserveRequest asked = request(made.id, made.input, pick(bound + 1), bound);
    asked.tenant = std::get<TenantId>(tenant_of(made).account);
    asked.key = std::get<KeyId>(key_of(made).account);
    asked.tenant_limits = tenant_of(made).limits;
    asked.key_limits = key_of(made).limits;
    asked.input_cost = {cost_of(made.input, 0)};
    asked.bound_cost = {cost_of(made.input, bound)};
    asked.output_cost_per_token = {price_pico};
    if (pick(2) == 0) asked.soften_to_tokens = std::min<std::int64_t>(bound, 16);
    const ports::ReserveOutcome outcome = ledger_->reserve(asked).run_now();
    if (!outcome.granted) {
      ++tally.refused;
      return;
    }
    ++tally.granted;
    tally.softened += outcome.granted->output_cap ? 1 : 0;
    made.output = std::min(bound, outcome.granted->output_cap.value_or(bound));
    made.expires_at = clock_.now() + ports::reservation_lifetime;
    // What the ledger has to hold at least; it may round a softened bound up by a nano-dollar.
    made.bound = {made.input + made.output, cost_of(made.input, made.output)};
    tenant_of(made).held.add(made.bound.tokens, made.bound.nano_usd);
    key_of(made).held.add(made.bound.tokens, made.bound.nano_usd);
    running_.push_back(made);
  }

  void end_one() {
    if (running_.empty()) return;
    std::swap(any_running(), running_.back());
    const Running ended = running_.back();
    if (!ended.owner_lives && !ended.expired) return;  // a dead owner is heard of late, or never
    running_.pop_back();
    if (!ended.owner_lives && pick(2) == 0) return;
    const bool never_ran = pick(10) == 0;
    const std::int64_t output = pick(4) == 0 ? ended.output : pick(ended.output + 1);
    ports::SettleRequest settled = settlement(ended.id, 0);
    settled.tenant = std::get<TenantId>(tenant_of(ended).account);
    settled.key = std::get<KeyId>(key_of(ended).account);
    settled.used_tokens = never_ran ? 0 : ended.input + output;
    settled.cost = {never_ran ? 0 : cost_of(ended.input, output)};
    settled.refund_request = never_ran;
    settled.ended_at = clock_.wall_now();
    settled.turn = {.stream = 1, .sequence = ++settles_};
    const WallTime row = ledger_->settle(settled);
    last_settle_ = settled;
    ++tally.settled;
    tally.late += ended.expired ? 1 : 0;
    for (Owner* const owner : {&tenant_of(ended), &key_of(ended)})
      book(*owner, ended, {settled.used_tokens, settled.cost.value}, row.unix_ms);
  }

  void book(Owner& owner, const Running& ended, const Sum& used, std::int64_t row_ms) {
    owner.enter_term(row_ms);
    owner.spent.add(used.tokens, used.nano_usd);
    owner.rows.push_back({row_ms, used});
    if (ended.expired) owner.late.add(used.tokens, used.nano_usd);
    if (!ended.expired) owner.held.add(-ended.bound.tokens, -ended.bound.nano_usd);
    if (!owner.is_daily() && owner.rows.size() > 1000) {  // the sum of many old rows is one old row
      Sum all;
      for (const auto& row : owner.rows)
        all.add(row.second.tokens, row.second.nano_usd);
      owner.rows.assign(1, {row_ms, all});
    }
    if (owner.is_daily() && owner.rows.front().first < owner.term_begin_ms) {
      std::erase_if(owner.rows, [&owner](const auto& row) { return row.first < owner.term_begin_ms; });
    }
  }

  void repeat_last_settle() {
    if (!last_settle_) return;
    ledger_->settle(*last_settle_);
    ++tally.repeated;
  }

  void pass_time() {
    const std::int64_t kind = pick(100);
    if (kind < 80) clock_.step(milliseconds(pick(100)));
    if (kind >= 80 && kind < 98) clock_.step(seconds(pick(60)));
    if (kind >= 98) clock_.set_wall(pick(4 * 60 * 60 * 1000));  // somebody sets the clock
    std::vector<ports::HeldReservation> living;
    for (Running& running : running_) {
      if (!running.owner_lives && !running.expired && clock_.now() >= running.expires_at) {
        running.expired = true;
        ++tally.expired;
        tenant_of(running).held.add(-running.bound.tokens, -running.bound.nano_usd);
        key_of(running).held.add(-running.bound.tokens, -running.bound.nano_usd);
      }
      if (!running.owner_lives) continue;
      running.expires_at = clock_.now() + ports::reservation_lifetime;
      living.push_back({EventId{{running.id, running.id}}, std::get<TenantId>(tenant_of(running).account)});
    }
    ledger_->renew(living);
  }

  void check() {
    for (std::size_t index = 0; index < owners_.size(); ++index) {
      Owner& owner = owners_[index];
      if (!owner.limits.budget) continue;
      owner.enter_term(clock_.wall_now().unix_ms);
      const TenantId of = std::get<TenantId>(owners_[index % tenant_count].account);
      const auto* const one = std::get_if<KeyId>(&owner.account);
      const std::optional<ports::BudgetStanding> told =
          ledger_->standing({of, one == nullptr ? std::optional<KeyId>() : *one, owner.limits, "UTC"}).run_now();
      ASSERT_TRUE(told);
      ASSERT_EQ(told->used_tokens, owner.spent.tokens);
      ASSERT_EQ(told->used_cost.value, owner.spent.nano_usd);
      ASSERT_EQ(told->held_tokens, owner.held.tokens);
      ASSERT_GE(told->held_cost.value, owner.held.nano_usd);
      const Budget& budget = *owner.limits.budget;
      if (budget.tokens) {
        const std::int64_t taken = told->used_tokens + told->held_tokens;
        ASSERT_LE(taken, *budget.tokens + owner.late.tokens);
        tally.budgets_nearly_spent += taken * 100 >= *budget.tokens * 99 ? 1 : 0;
      }
      if (budget.cost)
        ASSERT_LE(told->used_cost.value + told->held_cost.value, budget.cost->value + owner.late.nano_usd);
    }
  }

  std::mt19937_64 random_;
  SteppedClock clock_;
  std::deque<Owner> owners_;  // the tenants, then their keys
  RowBook book_;
  std::unique_ptr<MemoryBudgetLedger> ledger_;
  std::vector<Running> running_;
  std::optional<ports::SettleRequest> last_settle_;
  std::uint64_t last_id_ = 0;
  std::uint64_t settles_ = 0;
};

TEST(BudgetInterleavings, SettledAndHeldStayWithinEveryBudgetAndNothingLeaks) {
  const std::uint64_t operations = from_environment("OBLETH_BUDGET_OPERATIONS", 60'000);
  const std::uint64_t seed = from_environment("OBLETH_BUDGET_SEED", 11);
  Interleavings run(seed);
  for (std::uint64_t operation = 0; operation < operations; ++operation) {
    run.step();
    ASSERT_FALSE(testing::Test::HasFatalFailure()) << "operation " << operation << " of seed " << seed;
  }
  run.abandon_all();
  const Interleavings::Tally& seen = run.tally;
  std::printf(
      "%llu operations: %lld granted (%lld softened), %lld refused, %lld settled (%lld late), %lld expired, "
      "%lld repeated, %lld restarts\n",
      static_cast<unsigned long long>(operations), static_cast<long long>(seen.granted),
      static_cast<long long>(seen.softened), static_cast<long long>(seen.refused), static_cast<long long>(seen.settled),
      static_cast<long long>(seen.late), static_cast<long long>(seen.expired), static_cast<long long>(seen.repeated),
      static_cast<long long>(seen.restarts));
  EXPECT_GT(seen.granted, 1000);
  EXPECT_GT(seen.refused, 1000);
  EXPECT_GT(seen.softened, 10);
  EXPECT_GT(seen.expired, 10);
  EXPECT_GT(seen.late, 5);
  EXPECT_GT(seen.repeated, 10);
  EXPECT_GT(seen.restarts, 1);
  EXPECT_GT(seen.budgets_nearly_spent, 1000);
}

}  // namespace
}  // namespace obleth::adapters
