// Limits shared by replicas: one script in Redis for key and tenant together, one round trip for a reservation and none
// to wait for in a settlement. What leaves in one turn of the loop leaves in one write.
//
// A request that does not fit whole is decided by core/budget on the state that Redis answered, and asked for once more
// where it is softened; where others took of the rest meanwhile, a last time with the least that it accepts. Requests
// without any limit ask nothing. Of an account that Redis does not know, or that may have lost something since this
// process looked, the book is asked first (SpendingChecks). What requests hold is told again to a Redis that has lost
// it (HoldRenewals). While Redis is away this process spends its part of what was left (SpareBudgets). A reservation
// that was not answered is settled, or cancelled, by its id.
//
// Thread: its loop's. The link is closed before it is destroyed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/redis/budget_state.hpp"
#include "adapters/redis/hold_renewals.hpp"
#include "adapters/redis/redis_budgets.hpp"
#include "adapters/redis/redis_link.hpp"
#include "adapters/redis/settle_queue.hpp"
#include "adapters/redis/spending_checks.hpp"
#include "core/budget/budget_rules.hpp"
#include "ports/budget_ledger.hpp"

namespace obleth::adapters {

class RedisBudgetLedger final : public ports::BudgetLedger {
 public:
  RedisBudgetLedger(RedisLink& link, RedisBudgets& budgets);

  Task<ports::ReserveOutcome> reserve(const ports::ReserveRequest& request) override;
  WallTime settle(const ports::SettleRequest& request) override;
  void renew(std::span<const ports::HeldReservation> held) override;
  Task<std::optional<ports::BudgetStanding>> standing(const ports::StandingQuestion& question) override;

  // Redis may have forgotten: what requests of this process hold, on any loop, is told again.
  void renew_all();

  [[nodiscard]] const SettleQueue& bookings() const { return bookings_; }  // for tests

 private:
  class Leaving;
  enum class Verdict : std::uint8_t { taken, fits_not, unknown, late, cancelled, no_answer };
  struct Answer {
    Verdict verdict = Verdict::no_answer;
    std::vector<AccountState> states;  // of the accounts, as they were before
    bool may_come_late = false;        // not answered, and may be run yet
  };
  struct Question {
    const ports::ReserveRequest& request;
    const std::vector<ChargedAccount>& charged;
    budget::Granted offer;  // what is asked for
    bool takes = true;
    bool passes_unknown = false;
  };

  [[nodiscard]] Task<ports::ReserveOutcome> reserve_limited(const ports::ReserveRequest& request,
                                                            const std::vector<ChargedAccount>& charged);
  [[nodiscard]] Task<Answer> ask(const Question& question);
  [[nodiscard]] Answer read(const Result<RedisReply>& reply, const Question& question);
  // The refusal, where nothing that the request accepts fits into what Redis told.
  [[nodiscard]] std::optional<ports::ReserveOutcome> offer_less(Question& question, const Answer& answer);
  [[nodiscard]] ports::ReserveOutcome grant(const Question& question, const Answer& answer);
  [[nodiscard]] ports::ReserveOutcome reserve_spare(const Question& question, bool may_come_late);
  void cancel(const ports::ReserveRequest& request, const std::vector<ChargedAccount>& charged);

  [[nodiscard]] std::vector<std::string> fields_to_charge(const ports::SettleRequest& request,
                                                          std::vector<std::string> fields) const;

  [[nodiscard]] static OpenHold open_hold(const Question& question, const budget::Amount& bound);
  void note_connection(bool is_open);
  [[nodiscard]] std::vector<std::string> keys_of(TenantId tenant) const;

  RedisLink& link_;
  RedisBudgets& budgets_;
  SettleQueue bookings_;
  HoldRenewals renewals_;
  SpendingChecks checks_;
};

}  // namespace obleth::adapters
