// Limits shared by replicas: one script in Redis for key and tenant together, one round trip for a reservation and none
// to wait for in a settlement. What leaves in one turn of the loop leaves in one write.
//
// A request that does not fit whole is decided by core/budget on the state that Redis answered, and asked for once more
// where it is softened. Requests without any limit ask nothing. An account that Redis does not know (the first time,
// after a flush) is rebuilt from the spending book first, which is asked again later: rows of other replicas may have
// been on their way. While Redis is away this process spends its part of what was
// left (SpareBudgets). A reservation that was not answered is cancelled by its id.
//
// Thread: its loop's. The link is closed before it is destroyed.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapters/redis/budget_state.hpp"
#include "adapters/redis/later_questions.hpp"
#include "adapters/redis/redis_budgets.hpp"
#include "adapters/redis/redis_link.hpp"
#include "adapters/redis/settle_queue.hpp"
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

  [[nodiscard]] const SettleQueue& bookings() const { return bookings_; }

 private:
  class Leaving;
  enum class Verdict : std::uint8_t { taken, fits_not, unknown, late, cancelled, no_answer };
  struct Answer {
    Verdict verdict = Verdict::no_answer;
    std::vector<AccountState> states;  // of the accounts, as they were before
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
  [[nodiscard]] ports::ReserveOutcome grant(const Question& question, const Answer& answer);
  [[nodiscard]] ports::ReserveOutcome reserve_spare(const ports::ReserveRequest& request,
                                                    const std::vector<ChargedAccount>& charged);
  void cancel(const ports::ReserveRequest& request, const std::vector<ChargedAccount>& charged);

  [[nodiscard]] std::vector<std::string> fields_to_charge(const ports::SettleRequest& request);

  // Rebuilds what is unknown of the accounts, and waits for that, though not for ever.
  [[nodiscard]] Task<void> learn(TenantId tenant, const std::vector<ChargedAccount>& charged,
                                 const std::vector<AccountState>& states);
  [[nodiscard]] Task<void> look_up(SpendingQuestion question, std::shared_ptr<ports::Gate> answered);
  [[nodiscard]] Task<Result<ports::Spending>> ask_book(SpendingQuestion question);
  [[nodiscard]] Task<void> teach(SpendingQuestion question, ports::Spending spent);
  [[nodiscard]] Task<void> ask_again(SpendingQuestion question);
  [[nodiscard]] std::string state_key(TenantId tenant) const;
  [[nodiscard]] std::string expiries_key(TenantId tenant) const;
  [[nodiscard]] std::string now_argument() const;

  RedisLink& link_;
  RedisBudgets& budgets_;
  SettleQueue bookings_;
  LaterQuestions later_;
  std::unordered_map<EventId, std::vector<std::string>> limited_;  // open reservations: the fields that they count on
};

}  // namespace obleth::adapters
