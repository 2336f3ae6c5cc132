#include "adapters/redis/later_questions.hpp"

#include <array>
#include <chrono>
#include <utility>

namespace obleth::adapters {
namespace {

// Batches are delivered every second; a ledger that was away takes longer.
constexpr std::array<Duration, 4> pauses{std::chrono::seconds(2), std::chrono::seconds(5), std::chrono::seconds(30),
                                         std::chrono::seconds(120)};

}  // namespace

void LaterQuestions::add(SpendingQuestion question) {
  if (due_.size() >= accounts_max) return;
  due_.emplace(loop_.now() + pauses.front(), Due{.question = std::move(question)});
  if (!std::exchange(is_asking_, true)) asking_ = keep_asking();
}

RootTask LaterQuestions::keep_asking() {
  while (!due_.empty()) {
    const bool came = co_await ports::Pause(loop_, due_.begin()->first);
    static_cast<void>(came);  // nobody calls this pause off
    Due first = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    SpendingQuestion question = first.question;
    co_await ask_(std::move(question));
    if (++first.pause < pauses.size()) due_.emplace(loop_.now() + pauses.at(first.pause), std::move(first));
  }
  is_asking_ = false;
}

}  // namespace obleth::adapters
