// Asks the book what accounts have come to, before they are spent from: those that Redis does not know (the first time,
// after a flush), and those that this process has not checked since it started or last lost Redis. What requests of
// this process hold on them is put back first.
//
// An account begins to count anew at the moment of the check, and the book tells of the term before that moment: so
// what was settled in Redis and what the ledger has are never added, and no row is in both. It is asked again later:
// rows of other replicas may have been on their way.
//
// Thread: its loop's. The link is closed before it is destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "adapters/redis/hold_renewals.hpp"
#include "adapters/redis/later_questions.hpp"
#include "adapters/redis/redis_budgets.hpp"
#include "adapters/redis/redis_link.hpp"

namespace obleth::adapters {

class SpendingChecks {
 public:
  SpendingChecks(RedisLink& link, RedisBudgets& budgets, HoldRenewals& renewals)
      : link_(link),
        budgets_(budgets),
        renewals_(renewals),
        later_(link.loop(), [this](SpendingQuestion question) { return ask_again(std::move(question)); }) {}

  // Waits, though not for ever, until what has to be known of the accounts is known. states: as Redis told them.
  [[nodiscard]] Task<void> check(TenantId tenant, const std::vector<ChargedAccount>& charged,
                                 const std::vector<AccountState>& states);

 private:
  struct Recounted {
    AccountState state;
    bool counts_anew = false;  // nobody has yet told what came before
  };
  enum class Taught : std::uint8_t { learned, moved, not_answered };

  [[nodiscard]] Task<void> look_up(SpendingQuestion question, std::shared_ptr<ports::Gate> answered);
  [[nodiscard]] Task<bool> rebuild(SpendingQuestion question, CheckedAccounts::Round round);
  [[nodiscard]] Task<std::optional<Recounted>> recount(SpendingQuestion question, WallTime before);
  [[nodiscard]] Task<Result<ports::Spending>> ask_book(SpendingQuestion question);
  [[nodiscard]] Task<std::optional<ports::Spending>> ask_checkpoints(SpendingQuestion question);
  [[nodiscard]] Task<Taught> teach(SpendingQuestion question, ports::Spending spent);
  [[nodiscard]] Task<bool> ask_again(SpendingQuestion question);

  RedisLink& link_;
  RedisBudgets& budgets_;
  HoldRenewals& renewals_;
  LaterQuestions later_;
};

}  // namespace obleth::adapters
