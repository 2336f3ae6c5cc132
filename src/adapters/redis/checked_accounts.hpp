// Which accounts this process has asked the book about since its start and since it last lost Redis: what it, or
// Redis, may have forgotten of their spending is counted again. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "domain/calendar.hpp"
#include "ports/spending_book.hpp"

namespace obleth::adapters {

class CheckedAccounts {
 public:
  static constexpr std::size_t accounts_max = 1'000'000;  // beyond it all are checked again

  // From here on none has been checked.
  struct Round {
    std::uint64_t number = 0;
    WallTime since;  // when Redis was first heard in it, by Redis' clock; 0: not yet
  };
  void begin_round();
  [[nodiscard]] Round round() const;
  void heard_time(WallTime redis_now);

  struct Checked {
    WallTime counted_from;  // 0: it has to be checked
    bool by_book = false;   // false: the book was silent, and it counts from what the record had kept of it
  };
  // Checked, where it is still the same round.
  void note(const ports::SpendingAccount& account, const Round& round, Checked checked);
  // The book has told after all what was spent before that moment.
  void confirm(const ports::SpendingAccount& account, WallTime counted_from);
  [[nodiscard]] Checked of(const ports::SpendingAccount& account) const;

 private:
  struct IdHash {
    std::size_t operator()(const ports::SpendingAccount& account) const { return ports::bits_of(account).low; }
  };

  mutable std::mutex mutex_;
  Round round_;
  std::unordered_map<ports::SpendingAccount, Checked, IdHash> checked_;  // in this round
  std::atomic<bool> has_heard_ = false;
};

}  // namespace obleth::adapters
