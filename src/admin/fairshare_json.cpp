#include "admin/fairshare_json.hpp"

#include <utility>

#include "admin/codec.hpp"
#include "admin/scalar_text.hpp"
#include "admin/schema_parts.hpp"
#include "core/fairshare/virtual_account.hpp"

namespace obleth::admin {
namespace {

Json count(const char* meaning) {
  return typed("integer", meaning);
}

Json count_or_null(const char* meaning) {
  return nullable_typed("integer", meaning);
}

Json share(const char* meaning) {
  return described(Json::object({{"type", "number"}, {"minimum", 0}, {"maximum", 1}}), meaning);
}

Json rows(Json item) {
  return Json::object({{"type", "array"}, {"items", std::move(item)}});
}

Json or_nothing(const auto& value) {
  return value ? Json(*value) : Json();
}

Json group_schema() {
  return closed_schema({{"group", Json::object({{"type", "string"}})},
                        {"weight", count("of the pool, among groups")},
                        {"max_in_flight", count_or_null("slots that it may hold; null: no limit")},
                        {"in_flight", count("slots that it holds")},
                        {"queued", count("requests that wait")},
                        {"entitled_ratio", share("share of the work that its weight entitles to, last 10 s")},
                        {"received_ratio", share("share of the work that it received, last 10 s")},
                        {"settled_millitokens", count("cost of its requests that are over")}});
}

Json tenant_schema() {
  return closed_schema({{"tenant_id", Json::object({{"type", "string"}})},
                        {"tenant", Json::object({{"type", "string"}})},
                        {"group", Json::object({{"type", "string"}})},
                        {"weight", count("within its group")},
                        {"max_in_flight", count_or_null("slots that it may hold; null: no limit")},
                        {"in_flight", count("slots that it holds")},
                        {"queued", count("requests that wait")},
                        {"entitled_ratio", share("share of the work that its weight entitles to, last 10 s")},
                        {"received_ratio", share("share of the work that it received, last 10 s")},
                        {"lag", count("virtual time behind (> 0) or ahead of (< 0) its share")},
                        {"lag_millitokens", count("the same as cost")},
                        {"oldest_wait_ms", count("for how long its first request has waited")},
                        {"predicted_wait_ms", count_or_null("of a request that came now; null: not known yet")},
                        {"settled_millitokens", count("cost of its requests that are over")},
                        {"running_millitokens", count("charged so far to those that run")},
                        {"reserved_millitokens", count("what those that run are still expected to cost")},
                        {"queued_millitokens", count("what those that wait are expected to cost")}});
}

Json model_schema() {
  return closed_schema({{"model_id", Json::object({{"type", "string"}})},
                        {"model", described(Json::object({{"type", "string"}}), "empty: what passes through")},
                        {"eligible", described(Json::object({{"type", "boolean"}}),
                                               "an endpoint works; else one request at a time tries")},
                        {"max_in_flight", count_or_null("its own slots; null: no limit")},
                        {"in_flight", count("requests at its upstreams")},
                        {"queued", count("requests that wait for it")},
                        {"busy_gpu_ms", count("time for which it worked, times its GPUs")}});
}

Json group_json(const fairshare::GroupShare& share, const FairshareNames& names) {
  return Json::object({{"group", names.group(share.group)},
                       {"weight", share.weight},
                       {"max_in_flight", or_nothing(share.max_in_flight)},
                       {"in_flight", share.in_flight},
                       {"queued", share.queued},
                       {"entitled_ratio", ratio(share.entitled_ppm)},
                       {"received_ratio", ratio(share.received_ppm)},
                       {"settled_millitokens", share.settled_cost.value}});
}

Json tenant_json(const fairshare::NodeShare& share, const FairshareNames& names) {
  return Json::object({{"tenant_id", share.tenant.uuid()},
                       {"tenant", names.tenant(share.tenant)},
                       {"group", names.group(share.group)},
                       {"weight", share.weight},
                       {"max_in_flight", or_nothing(share.max_in_flight)},
                       {"in_flight", share.in_flight},
                       {"queued", share.queued},
                       {"entitled_ratio", ratio(share.entitled_ppm)},
                       {"received_ratio", ratio(share.received_ppm)},
                       {"lag", share.lag},
                       {"lag_millitokens", fairshare::cost_of(share.lag, share.weight)},
                       {"oldest_wait_ms", whole_ms(share.oldest_wait)},
                       {"predicted_wait_ms", share.predicted_wait ? Json(whole_ms(*share.predicted_wait)) : Json()},
                       {"settled_millitokens", share.settled_cost.value},
                       {"running_millitokens", share.running_cost.value},
                       {"reserved_millitokens", share.reserved_cost.value},
                       {"queued_millitokens", share.queued_cost.value}});
}

Json model_json(const fairshare::ModelShare& share, const FairshareNames& names) {
  return Json::object({{"model_id", share.model.uuid()},
                       {"model", names.model(share.model)},
                       {"eligible", share.eligible},
                       {"max_in_flight", or_nothing(share.max_in_flight)},
                       {"in_flight", share.in_flight},
                       {"queued", share.queued},
                       {"busy_gpu_ms", whole_ms(share.busy_gpu_time)}});
}

Json rows_json(const auto& shares, auto row, const FairshareNames& names) {
  Json rows = Json::list();
  for (const auto& share : shares)
    rows.append(row(share, names));
  return rows;
}

}  // namespace

Json ratio(std::int64_t ppm) {
  constexpr int decimals = 6;
  return Json::number(scaled_text(ppm, decimals));
}

Json snapshot_schema() {
  return closed_schema({{"at", timestamp().schema},
                        {"capacity", count("slots")},
                        {"in_flight", count("slots that are taken")},
                        {"queued", count("requests that wait")},
                        {"virtual_time", count("of the pool")},
                        {"drain_millitokens_per_second", count("how fast it works, a mean over 10 s; 0: not known")},
                        {"forgiven_millitokens", count("debt beyond one largest request, forgiven since the start")},
                        {"age_guard_picks", count("requests that went out of turn because they had waited too long")},
                        {"groups", rows(group_schema())},
                        {"tenants_total", count("tenants known to the scheduler; the busiest are told")},
                        {"tenants", rows(tenant_schema())},
                        {"models", rows(model_schema())}});
}

Json snapshot_json(WallTime at, const fairshare::Snapshot& snapshot, const FairshareNames& names) {
  return Json::object({{"at", to_rfc3339(at)},
                       {"capacity", snapshot.capacity},
                       {"in_flight", snapshot.in_flight},
                       {"queued", snapshot.queued},
                       {"virtual_time", snapshot.virtual_time},
                       {"drain_millitokens_per_second", snapshot.drain_rate_per_second},
                       {"forgiven_millitokens", snapshot.forgiven_cost},
                       {"age_guard_picks", snapshot.age_guard_picks},
                       {"groups", rows_json(snapshot.groups, group_json, names)},
                       {"tenants_total", snapshot.tenants_known},
                       {"tenants", rows_json(snapshot.tenants, tenant_json, names)},
                       {"models", rows_json(snapshot.models, model_json, names)}});
}

}  // namespace obleth::admin
