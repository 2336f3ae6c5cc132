#include "adapters/caching/tiered_response_cache.hpp"

#include <utility>

namespace obleth::adapters {

Task<std::shared_ptr<const ports::KeptAnswer>> TieredResponseCache::recall(const ports::AnswerName& asked) {
  const ports::AnswerName name = asked;
  std::shared_ptr<const ports::KeptAnswer> answer = co_await near_.recall(name);
  if (answer) co_return answer;
  answer = co_await far_.recall(name);
  if (answer) near_.keep(name, answer);
  co_return answer;
}

void TieredResponseCache::keep(const ports::AnswerName& name, std::shared_ptr<const ports::KeptAnswer> answer) {
  near_.keep(name, answer);
  far_.keep(name, std::move(answer));
}

}  // namespace obleth::adapters
