#include "gateway/identify_tenant.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "domain/access_schedule.hpp"
#include "wire/header_rules.hpp"

namespace obleth::gateway {
namespace {

Refusal not_valid() {
  return no_api_key("The API key is not valid.");
}

Refusal too_many_failures(Duration retry_after) {
  return {.status = 429,
          .type = "requests",
          .code = "rate_limit_exceeded",
          .message =
              "Too many requests with an invalid key came from this address. Check the key, and try again after "
              "the time in Retry-After.",
          .retry_after = retry_after};
}

// A 401, as long as the address has not used its allowance of them up.
Refusal refuse_key(const Received& received, Refusal refusal, FailedKeyThrottle& throttle) {
  const auto turn = throttle.note_failure(received.exchange->client_network(), received.loop->now());
  return turn.granted ? std::move(refusal) : too_many_failures(turn.after);
}

// A key that this process does not know: the store is asked, in this address's turn.
Task<Outcome<ports::KeyLookup>> look_up(const Received& received, std::string_view secret, KeySources sources) {
  const auto network = received.exchange->client_network();
  const FailedKeyThrottle::Turn turn = sources.throttle.begin_look_up(network, received.loop->now());
  if (!turn.granted) co_return refuse(too_many_failures(turn.after));
  if (turn.after > Duration{0}) {
    const bool came =
        co_await ports::Pause(*received.loop, received.loop->now() + turn.after, &received.exchange->departure());
    if (!came) co_return refuse(client_gone());
  }
  ports::KeyLookup found = co_await sources.keys.find(secret);
  if (found.outcome != ports::KeyOutcome::unknown) sources.throttle.take_back_look_up(network);
  co_return found;
}

void fill_in_tenant(UsageRecord& record, const ResolvedKey& who) {
  record.tenant_id = who.tenant.id;
  record.key_id = who.key.id;
  record.tenant = who.tenant.name;
  record.group = who.group.name;
  record.weight = who.tenant.weight;
}

}  // namespace

Outcome<std::string_view> presented_key(const HeaderBlock& fields) {
  if (const auto authorization = fields.find("authorization")) {
    const auto token = wire::bearer_token(*authorization);
    if (!token) return refuse(no_api_key("The Authorization header must read: Bearer sk_…"));
    return *token;
  }
  if (const auto key = fields.find("x-api-key")) return *key;
  return refuse(no_api_key("No API key was given. Send it as 'Authorization: Bearer sk_…' or 'x-api-key: sk_…'."));
}

std::optional<Refusal> closed_to(const ResolvedKey& who, WallTime now) {
  if (who.key.disabled) return forbidden("key_disabled", "This API key is disabled. Ask your operator to enable it.");
  if (who.key.expires_at && *who.key.expires_at <= now) {
    return forbidden("key_expired", "This API key has expired. Ask your operator for a new one.");
  }
  if (who.tenant.status != TenantStatus::active) {
    return forbidden("tenant_suspended", "This tenant is not active. Ask your operator to activate it.");
  }
  if (!who.tenant.schedule.always_open() && !is_open(who.tenant.schedule, now)) {
    return forbidden("outside_access_window", "This tenant may not use the gateway at this time.");
  }
  return std::nullopt;
}

Task<Outcome<Identified>> identify_tenant(Received&& received, KeySources sources) {
  Outcome<std::string_view> secret = presented_key(received.exchange->head().fields);
  if (!secret) co_return refuse(refuse_key(received, std::move(secret.error()), sources.throttle));
  if (!is_well_formed_key(*secret)) co_return refuse(refuse_key(received, not_valid(), sources.throttle));

  std::optional<ports::KeyLookup> found = sources.keys.recall(*secret);
  if (!found) {
    Outcome<ports::KeyLookup> looked_up = co_await look_up(received, *secret, sources);
    if (!looked_up) co_return refuse(std::move(looked_up.error()));
    found = std::move(*looked_up);
  }
  if (found->outcome == ports::KeyOutcome::unavailable) co_return refuse(store_unavailable());
  if (found->outcome == ports::KeyOutcome::unknown) {
    co_return refuse(refuse_key(received, not_valid(), sources.throttle));
  }

  fill_in_tenant(*received.record, *found->resolved);
  const WallTime now = received.loop->wall_now();
  if (auto refusal = closed_to(*found->resolved, now)) co_return refuse(std::move(*refusal));
  sources.keys.note_use(found->resolved->key.id, now);

  Identified identified{std::move(received), std::move(found->resolved)};
  identified.timings.identified = identified.loop->now();
  co_return identified;
}

}  // namespace obleth::gateway
