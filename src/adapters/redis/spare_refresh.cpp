#include "adapters/redis/spare_refresh.hpp"

#include <optional>
#include <utility>

namespace obleth::adapters {

void SpareRefresh::ask() {
  if (!link_.is_up()) return;
  for (auto& [tenant, fields] : budgets_.spare.take_stale(budgets_.clock.now()))
    spawn(ask_of(tenant, std::move(fields)));
}

Task<void> SpareRefresh::ask_of(TenantId tenant, std::vector<std::string> fields) {
  RedisCommand command{.operation = "refresh", .words = {"HMGET", budget_key(link_.server(), tenant)}};
  command.words.insert(command.words.end(), fields.begin(), fields.end());
  const budget::Moment asked_at{budgets_.clock.now(), budgets_.now()};
  const Result<RedisReply> reply = co_await link_.call(std::move(command));
  if (!reply || !reply->is_array() || reply->items.size() != fields.size()) co_return;
  for (std::size_t at = 0; at < fields.size(); ++at) {
    std::optional<AccountState> state = AccountState::parse(reply->items[at].text);
    if (!state) continue;  // Redis has lost it: the next request has it rebuilt
    state->refill(asked_at.wall);
    budgets_.spare.refresh(tenant, fields[at], *state, asked_at.now);
  }
}

}  // namespace obleth::adapters
