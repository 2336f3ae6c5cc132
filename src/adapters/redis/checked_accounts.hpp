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

  // Checked, where it is still the same round, as an account that counts from that moment.
  void note(const ports::SpendingAccount& account, const Round& round, WallTime counted_from);
  // 0: it has to be checked.
  [[nodiscard]] WallTime counted_from(const ports::SpendingAccount& account) const;

 private:
  struct IdHash {
    std::size_t operator()(const ports::SpendingAccount& account) const { return ports::bits_of(account).low; }
  };

  mutable std::mutex mutex_;
  Round round_;
  std::unordered_map<ports::SpendingAccount, WallTime, IdHash> checked_;  // in this round
  std::atomic<bool> has_heard_ = false;
};

}  // namespace obleth::adapters
