#include "adapters/redis/hold_renewals.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "adapters/redis/budget_scripts.hpp"

namespace obleth::adapters {
namespace {

constexpr std::size_t holds_in_call_max = 200;  // Redis answers nobody else meanwhile

void append_hold(std::vector<std::string>& arguments, const OpenHold& hold) {
  arguments.push_back(hold.id.reservation.hex());
  arguments.emplace_back(hold.is_spare ? "0" : "1");
  append_amount(arguments, hold.bound);
  arguments.push_back(std::to_string(hold.fields.size()));
  arguments.insert(arguments.end(), hold.fields.begin(), hold.fields.end());
}

}  // namespace

void HoldRenewals::renew(std::span<const ports::HeldReservation> held) {
  if (!link_.is_up()) return;
  std::map<TenantId, std::vector<ports::HeldReservation>> by_tenant;
  for (const ports::HeldReservation& each : held)
    by_tenant[each.tenant].push_back(each);
  for (auto& [tenant, reservations] : by_tenant)
    spawn(send(tenant, std::move(reservations)));
}

Task<void> HoldRenewals::renew_all_of(TenantId tenant) {
  return send(tenant, budgets_.holds.of(tenant));
}

Task<void> HoldRenewals::send(TenantId tenant, std::vector<ports::HeldReservation> held) {
  for (std::size_t at = 0; at < held.size(); at += holds_in_call_max) {
    const std::size_t count = std::min(holds_in_call_max, held.size() - at);
    const std::vector<OpenHold> renewed = budgets_.holds.begin_renewal(std::span(held).subspan(at, count));
    RedisScript::Input input{.keys = {budget_key(link_.server(), tenant), budget_expiries_key(link_.server(), tenant)},
                             .arguments = {budgets_.time_for_scripts()}};
    for (const OpenHold& each : renewed)
      append_hold(input.arguments, each);
    const Result<RedisReply> reply = co_await link_.run(renew_script(), std::move(input));
    if (reply || reply.error().kind == FaultKind::unavailable) budgets_.holds.end_renewal(renewed);
  }
}

}  // namespace obleth::adapters
