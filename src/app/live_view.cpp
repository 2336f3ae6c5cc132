#include "app/live_view.hpp"

#include <utility>

#include "adapters/os/address_policy.hpp"
#include "app/live_settings.hpp"
#include "app/version.hpp"
#include "observe/log.hpp"

namespace obleth::app {
namespace {

using resilience::EndpointHealth;

constexpr Duration complaint_period = std::chrono::minutes(1);
// The others are left to calls, which stay for moments.
constexpr std::size_t connections_per_stream = 2;

std::string health_text(EndpointHealth::Standing standing) {
  switch (standing) {
    case EndpointHealth::Standing::healthy:
      return "healthy";
    case EndpointHealth::Standing::ejected:
      return "ejected";
    case EndpointHealth::Standing::awaiting_probe:
    case EndpointHealth::Standing::probing:
      return "probing";
  }
  return "unknown";
}

admin::EndpointState endpoint_state(House& house, EndpointId id) {
  const Instant now = house.clock.now();
  const gateway::EndpointStanding standing = house.endpoints.standing(id, now);
  admin::EndpointState state{.health = health_text(standing.standing), .in_flight = standing.in_flight};
  if (standing.standing == EndpointHealth::Standing::ejected) {
    state.ejected_until = WallTime{house.clock.wall_now().unix_ms + whole_ms(standing.ejected_until - now)};
  }
  return state;
}

admin::GatewayStatus status_of(House& house, WallTime started_at) {
  admin::GatewayStatus status{.commit = std::string(revision), .started_at = started_at};
  for (const auto& [name, store] : house.readiness.stores())
    status.stores.push_back({name, store.up, store.detail});
  const adapters::SpoolTally& tally = house.spool->tally;
  status.spool = {.bytes = static_cast<std::int64_t>(tally.waiting_bytes()),
                  .oldest_secs = whole_ms(tally.oldest()) / 1000,
                  .dropped_rows = static_cast<std::int64_t>(tally.dropped()),
                  .dropping = tally.is_dropping()};
  if (const auto slots = house.readiness.slots()) {
    status.slots = {.lease = slots->lease, .shared = slots->shared};
    status.replicas = slots->replicas;
  }
  return status;
}

Task<std::optional<admin::BudgetUse>> budget_use(House& house, admin::BudgetQuestion asked) {
  const ports::StandingQuestion question{.tenant = asked.tenant,
                                         .key = asked.key,
                                         .limits = {asked.quota, asked.budget},
                                         .timezone = std::move(asked.timezone)};
  const std::optional<ports::BudgetStanding> standing = co_await house.standings->standing(question);
  if (!standing) co_return std::nullopt;
  co_return admin::BudgetUse{.used = {standing->used_tokens, standing->used_cost},
                             .held = {standing->held_tokens, standing->held_cost},
                             .resets_at = standing->resets_at};
}

}  // namespace

admin::Dependencies admin_dependencies(House& house, const ShareWatch& shares, ports::Upstream& upstream,
                                       Upkeep& upkeep, std::size_t connections_max) {
  admin::Dependencies dependencies{.store = house.record->store(),
                                   .feed = house.publishing_feed(),
                                   .clock = house.clock,
                                   .entropy = house.entropy,
                                   .hasher = house.hasher,
                                   .sealer = *house.sealer,
                                   .upstream = &upstream,
                                   .usage = &house.usage->ledger(),
                                   .version = std::string(version)};
  dependencies.tokens.push_back({.name = "configuration", .token = house.options().admin_token});
  dependencies.is_refused_host = [policy = upstream_policy(house.options())](std::string_view host) {
    return adapters::is_refused_host(host, policy);
  };
  dependencies.obeyed = [&upkeep] { return upkeep.obeyed(); };
  dependencies.count_untold = [&house](std::size_t changes, const Fault& why) {
    house.metrics.count_untold_changes(changes);
    observe::log_once_per(complaint_period, observe::LogLevel::warn, "other replicas could not be told of a change",
                          why.message);
  };
  dependencies.live.snapshot = [&shares] { return shares.snapshot(); };
  dependencies.live.history = [&shares](const fairshare::HistoryRange& range) {
    return shares.history().within(range);
  };
  dependencies.live.explain = [&house](const fairshare::Sought& sought) {
    return fairshare::explain(house.desk.recent_dispatches(), sought);
  };
  dependencies.live.endpoint_state = [&house](EndpointId id) { return endpoint_state(house, id); };
  dependencies.live.budget_use = [&house](admin::BudgetQuestion asked) { return budget_use(house, std::move(asked)); };
  dependencies.live.not_ready_because = [&house] { return house.readiness.reason(); };
  dependencies.live.streams_max = connections_max / connections_per_stream;
  dependencies.live.draining = [&house] { return house.readiness.draining(); };
  dependencies.live.settings = [&house] { return house.live_settings().rows(); };
  dependencies.live.setting_schemas = live_setting_schemas;
  dependencies.live.refuse_setting = [&house](std::string_view name, std::string_view value) {
    return house.live_settings().problem_of(name, value);
  };
  dependencies.live.status = [&house, started_at = house.clock.wall_now()] { return status_of(house, started_at); };
  return dependencies;
}

}  // namespace obleth::app
