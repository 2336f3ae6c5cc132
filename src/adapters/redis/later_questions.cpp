#include "adapters/redis/later_questions.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace obleth::adapters {
namespace {

// Batches are delivered every second; a ledger that was away takes longer.
constexpr std::array<Duration, 4> pauses{std::chrono::seconds(2), std::chrono::seconds(5), std::chrono::seconds(30),
                                         std::chrono::seconds(120)};

constexpr Duration silence_pause = std::chrono::seconds(5);

}  // namespace

void LaterQuestions::add(SpendingQuestion question) {
  if (due_.size() >= accounts_max) return;
  due_.emplace(loop_.now() + pauses.front(), Due{.question = std::move(question)});
  wait_for_first();
}

void LaterQuestions::wait_for_first() {
  if (!is_asking_ && !due_.empty()) loop_.arm(*this, std::max(due_.begin()->first, not_before_));
}

RootTask LaterQuestions::ask_what_is_due() {
  is_asking_ = true;
  while (!due_.empty() && due_.begin()->first <= loop_.now()) {
    Due first = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    SpendingQuestion question = first.question;
    const bool answered = co_await ask_(std::move(question));
    if (!answered) {
      not_before_ = loop_.now() + silence_pause;
      due_.emplace(not_before_, std::move(first));
      break;
    }
    if (++first.pause < pauses.size()) due_.emplace(loop_.now() + pauses.at(first.pause), std::move(first));
  }
  is_asking_ = false;
  wait_for_first();
}

}  // namespace obleth::adapters
