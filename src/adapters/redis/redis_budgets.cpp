#include "adapters/redis/redis_budgets.hpp"

#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

constexpr Duration silence_pause = std::chrono::seconds(1);
constexpr Duration complaint_period = std::chrono::minutes(1);

}  // namespace

RedisBudgets::Question RedisBudgets::board(const std::string& account) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<ports::Gate>& gate = questions_[account];
  if (gate != nullptr) return {gate, false};
  gate = std::make_shared<ports::Gate>();
  return {gate, true};
}

void RedisBudgets::leave(const std::string& account) {
  const std::lock_guard lock(mutex_);
  questions_.erase(account);
}

void RedisBudgets::note_silence(const std::string& reason) {
  ask_again_at_.store(clock.now() + silence_pause, std::memory_order_relaxed);
  observe::log_once_per(complaint_period, observe::LogLevel::error,
                        fail_open.load(std::memory_order_relaxed)
                            ? "what budgets have spent cannot be read; their requests pass unguarded"
                            : "what budgets have spent cannot be read; their requests are refused",
                        reason);
}

}  // namespace obleth::adapters
