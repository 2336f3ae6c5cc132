// What the requests of this process hold on limits: what Redis is told again when it is renewed, so that a Redis which
// has lost it holds it once more.
//
// A renewal may reach Redis after the settlement of what it renews: by another connection, or when a server that was
// stopped goes on. So a hold that something under way could bring back says so at its end. Any thread.
#pragma once

#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/budget/account.hpp"
#include "ports/budget_ledger.hpp"
#include "ports/loop.hpp"

namespace obleth::adapters {

struct OpenHold {
  ports::HeldReservation id;
  budget::Amount bound;
  std::vector<std::string> fields;  // of the accounts that it counts on
  bool is_spare = false;            // granted while Redis was away: its request is counted there when it is settled
  bool may_come_late = false;       // what was sent of it was not answered, and may be run yet
};

class OpenHolds {
 public:
  // loop: of its request.
  void add(OpenHold hold, const ports::Loop& loop);
  // Fields: none where it is not held.
  [[nodiscard]] OpenHold end(const ports::HeldReservation& id);

  [[nodiscard]] std::vector<ports::HeldReservation> of(TenantId tenant) const;
  // Of the requests of one loop; null: of all.
  [[nodiscard]] std::vector<ports::HeldReservation> of_loop(const ports::Loop* loop) const;

  // Those that are still held; they may come late until their renewal has been answered.
  [[nodiscard]] std::vector<OpenHold> begin_renewal(std::span<const ports::HeldReservation> ids);
  void end_renewal(std::span<const OpenHold> renewed);

 private:
  struct Kept {
    OpenHold hold;
    const ports::Loop* loop = nullptr;
    int renewals = 0;  // not answered (yet)
  };
  [[nodiscard]] Kept* find(const ports::HeldReservation& id);

  mutable std::mutex mutex_;
  std::unordered_map<TenantId, std::unordered_map<EventId, Kept>> tenants_;
};

}  // namespace obleth::adapters
