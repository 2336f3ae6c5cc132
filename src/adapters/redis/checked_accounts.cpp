#include "adapters/redis/checked_accounts.hpp"

namespace obleth::adapters {

void CheckedAccounts::begin_round() {
  const std::lock_guard lock(mutex_);
  round_ = {.number = round_.number + 1, .since = {}};
  checked_.clear();
  has_heard_ = false;
}

CheckedAccounts::Round CheckedAccounts::round() const {
  const std::lock_guard lock(mutex_);
  return round_;
}

void CheckedAccounts::heard_time(WallTime redis_now) {
  if (has_heard_) return;
  const std::lock_guard lock(mutex_);
  if (!has_heard_.exchange(true)) round_.since = redis_now;
}

void CheckedAccounts::note(const ports::SpendingAccount& account, const Round& round, Checked checked) {
  const std::lock_guard lock(mutex_);
  if (round.number != round_.number) return;
  if (checked_.size() >= accounts_max) checked_.clear();
  checked_[account] = checked;
}

void CheckedAccounts::confirm(const ports::SpendingAccount& account, WallTime counted_from) {
  const std::lock_guard lock(mutex_);
  const auto found = checked_.find(account);
  if (found != checked_.end() && found->second.counted_from == counted_from) found->second.by_book = true;
}

CheckedAccounts::Checked CheckedAccounts::of(const ports::SpendingAccount& account) const {
  const std::lock_guard lock(mutex_);
  const auto found = checked_.find(account);
  return found == checked_.end() ? Checked{} : found->second;
}

}  // namespace obleth::adapters
