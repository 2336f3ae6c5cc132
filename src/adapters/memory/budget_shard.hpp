// The accounts of some tenants and of their keys, and the reservations that are open on them.
//
// No lock, no clock and no waiting: guarded by its owner, the ledger. What is allowed is decided by core/budget.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>

#include "adapters/memory/spending_flight.hpp"
#include "core/budget/budget_rules.hpp"
#include "ports/budget_ledger.hpp"

namespace obleth::adapters {

// What becomes of a request while it is not known what a budget's term has come to. ignored: there is nobody to ask,
// nothing was spent before.
enum class UnknownSpending : std::uint8_t { asked, admitted, refused, ignored };

// A tenant's or a key's; found by the bits of the id: both are random, so that they never meet.
struct KeptAccount {
  budget::Account account;
  std::shared_ptr<SpendingFlight> flight;  // under way about what is unknown of it
};

class BudgetShard {
 public:
  BudgetShard(std::size_t open_max, bool spending_is_remembered)
      : open_max_(open_max), spending_is_remembered_(spending_is_remembered) {}

  // nullopt: the spending of an account is to be asked for first; nothing is taken.
  [[nodiscard]] std::optional<ports::ReserveOutcome> reserve(const ports::ReserveRequest& request, budget::Moment at,
                                                             UnknownSpending unknown);
  WallTime settle(const ports::SettleRequest& request, Instant now);
  void renew(EventId reservation, Instant now);

  // The account under these limits; null where it is not limited and not kept.
  [[nodiscard]] KeptAccount* obey(Bits128 id, const ports::LimitedAccount& limits, const std::string& timezone,
                                  budget::Moment at);
  [[nodiscard]] KeptAccount* find(Bits128 id);
  // What nobody has renewed goes back.
  void release_expired(budget::Moment at);

  [[nodiscard]] std::size_t account_count() const { return accounts_.size(); }
  [[nodiscard]] std::size_t open_count() const { return open_.size(); }

 private:
  struct OpenReservation {
    EventId id;
    Instant expires_at;
    budget::Hold hold;
    std::array<Bits128, 2> accounts;
    std::size_t account_count = 0;
    [[nodiscard]] bool holds(Bits128 account) const;
  };
  struct BitsHash {
    std::size_t operator()(Bits128 bits) const { return hash_value(EventId{bits}); }
  };
  struct Charged;
  using Open = std::list<OpenReservation>;

  [[nodiscard]] Charged charged_by(const ports::ReserveRequest& request, budget::Moment at);
  void open(const ports::ReserveRequest& request, const budget::Hold& hold, const Charged& charged, Instant now);
  void forget_untouched(budget::Moment at);
  // Settles come in order in each stream; what comes again has a number that was seen.
  [[nodiscard]] bool is_repeated(const ports::SettleTurn& turn);

  const std::size_t open_max_;
  const bool spending_is_remembered_;
  std::unordered_map<Bits128, KeptAccount, BitsHash> accounts_;
  Open open_;  // longest unrenewed first
  std::unordered_map<EventId, Open::iterator> open_by_id_;
  std::unordered_map<std::uint64_t, std::uint64_t> last_sequences_;  // one for each of the process's loops
  std::size_t next_sweep_ = 0;
};

}  // namespace obleth::adapters
