#include "admin/explain_view.hpp"

#include <utility>

#include "admin/codec.hpp"
#include "admin/fairshare_json.hpp"
#include "admin/schema_parts.hpp"
#include "admin/wait_reason.hpp"
#include "core/fairshare/virtual_account.hpp"

namespace obleth::admin {
namespace {

using fairshare::CutBy;
using fairshare::Dispatch;
using fairshare::DispatchRing;
using fairshare::Explanation;
using fairshare::Sought;

constexpr std::size_t request_id_bytes_max = 128;

Json number(const char* meaning) {
  return described(Json::object({{"type", "integer"}}), meaning);
}

Json plain_text(const char* meaning) {
  return described(Json::object({{"type", "string"}}), meaning);
}

Json truth(const char* meaning) {
  return described(Json::object({{"type", "boolean"}}), meaning);
}

Json served_schema() {
  return closed_schema({{"tenant_id", plain_text("")},
                        {"tenant", plain_text("")},
                        {"weight", number("at its last turn")},
                        {"requests", number("dispatched meanwhile")},
                        {"cost_millitokens", number("of them")},
                        {"cost_ratio", Json::object({{"type", "number"}})}});
}

Json meanwhile_schema() {
  return closed_schema({{"requests", number("of everybody")},
                        {"cost_millitokens", number("of everybody")},
                        {"own_requests", number("of the same tenant")},
                        {"own_cost_millitokens", number("of the same tenant")},
                        {"top", Json::object({{"type", "array"}, {"items", served_schema()}, {"maxItems", 3}})},
                        {"complete", truth("false: it waited longer than the ring remembers")}});
}

Json explanation_schema() {
  Json brownout = closed_schema({{"max_tokens", number("what it was sent with")},
                                 {"requested", number("what it asked for")},
                                 {"reason", choice_schema({"saturation", "quota", "budget"})}});
  brownout.set("type", Json::list({"object", "null"}));
  return closed_schema({{"request_id", plain_text("the gateway's own")},
                        {"tenant_id", plain_text("")},
                        {"tenant", plain_text("")},
                        {"group", plain_text("")},
                        {"model_id", plain_text("")},
                        {"model", plain_text("empty: what passes through")},
                        {"weight", number("its tenant's")},
                        {"arrived_at", timestamp().schema},
                        {"dispatched_at", timestamp().schema},
                        {"queue_ms", number("time in the queue")},
                        {"waited_for", choice_schema({"nothing", "slot", "model", "endpoint", "in_flight_limit"})},
                        {"position_at_arrival", number("requests of its tenant ahead of it")},
                        {"cost_millitokens", number("what it cost; while it runs an estimate")},
                        {"is_over", truth("the cost is known")},
                        {"key", number("its tenant's place in line when it went, in virtual time")},
                        {"virtual_time", number("of its group when it went")},
                        {"ahead_millitokens", number("key less virtual time as cost: what its tenant ran counts in")},
                        {"age_guard", truth("it went out of turn because it had waited long")},
                        {"brownout", std::move(brownout)},
                        {"served_meanwhile", meanwhile_schema()},
                        {"summary", plain_text("all of it in words")}});
}

Json brownout_json(const Dispatch& dispatch) {
  const char* reason = nullptr;
  if (dispatch.mark.cut_by == CutBy::saturation) reason = "saturation";
  if (dispatch.mark.cut_by == CutBy::quota) reason = "quota";
  if (dispatch.mark.cut_by == CutBy::budget) reason = "budget";
  if (reason == nullptr) return {};
  return Json::object(
      {{"max_tokens", dispatch.output_cap}, {"requested", dispatch.mark.requested_cap}, {"reason", reason}});
}

Json meanwhile_json(const Explanation& told, const FairshareNames& names) {
  constexpr std::int64_t whole_ppm = 1'000'000;
  Json top = Json::list();
  for (const Explanation::Served& served : told.top) {
    const std::int64_t ppm =
        told.all.cost.value <= 0 ? 0 : fairshare::scaled(served.cost.value, whole_ppm, told.all.cost.value);
    top.append(Json::object({{"tenant_id", served.tenant.uuid()},
                             {"tenant", names.tenant(served.tenant)},
                             {"weight", served.weight},
                             {"requests", served.requests},
                             {"cost_millitokens", served.cost.value},
                             {"cost_ratio", ratio(ppm)}}));
  }
  return Json::object({{"requests", told.all.requests},
                       {"cost_millitokens", told.all.cost.value},
                       {"own_requests", told.own.requests},
                       {"own_cost_millitokens", told.own.cost.value},
                       {"top", std::move(top)},
                       {"complete", told.reaches_arrival}});
}

// Moments of the scheduler as wall time, counted back from now.
WallTime wall_of(const Dependencies& given, Instant at) {
  return {given.clock.wall_now().unix_ms - whole_ms(given.clock.now() - at)};
}

Json explanation_json(const Explanation& told, const FairshareNames& names, const Dependencies& given) {
  const Dispatch& dispatch = told.dispatch;
  return Json::object({{"request_id", dispatch.mark.request.hex()},
                       {"tenant_id", dispatch.tenant.uuid()},
                       {"tenant", names.tenant(dispatch.tenant)},
                       {"group", names.group(dispatch.group)},
                       {"model_id", dispatch.model.uuid()},
                       {"model", names.model(dispatch.model)},
                       {"weight", dispatch.weight},
                       {"arrived_at", to_rfc3339(wall_of(given, dispatch.arrived))},
                       {"dispatched_at", to_rfc3339(wall_of(given, dispatch.dispatched))},
                       {"queue_ms", whole_ms(dispatch.dispatched - dispatch.arrived)},
                       {"waited_for", waited_for(dispatch.cause)},
                       {"position_at_arrival", dispatch.position},
                       {"cost_millitokens", dispatch.cost.value},
                       {"is_over", dispatch.is_over},
                       {"key", dispatch.key},
                       {"virtual_time", dispatch.virtual_time},
                       {"ahead_millitokens", fairshare::cost_of(dispatch.key - dispatch.virtual_time, dispatch.weight)},
                       {"age_guard", dispatch.by_age_guard},
                       {"brownout", brownout_json(dispatch)},
                       {"served_meanwhile", meanwhile_json(told, names)},
                       {"summary", reason_in_words(told, names)}});
}

FairshareIds ids_in(const Explanation& told) {
  FairshareIds ids{.tenants = {told.dispatch.tenant}, .groups = {told.dispatch.group}, .models = {told.dispatch.model}};
  for (const Explanation::Served& served : told.top)
    ids.tenants.push_back(served.tenant);
  return ids;
}

}  // namespace

void ExplainView::register_in(RouteTable& table) {
  table.describe("FairshareExplanation", explanation_schema());
  table.add(get("/fairshare/explain/{request_id}",
                "Why a request waited: one of the last 20,000 that were given a slot, by x-obleth-request-id or the "
                "client's own x-request-id")
                .gives("FairshareExplanation")
                .may_answer({503})
                .answered_by(this, &ExplainView::explain));
}

Task<Reply> ExplainView::explain(const Call& call) {
  if (!desk_.live().explain) co_return refuse(503, "unavailable", "The scheduler does not run here.");
  const std::string id = call.at("request_id");
  Sought sought{.request = EventId::from_text(id), .client_mark = 0};
  if (id.size() <= request_id_bytes_max) sought.client_mark = fairshare::client_mark_of(id);
  const std::optional<Explanation> told = desk_.live().explain(sought);
  if (!told) {
    co_return refuse(404, "not_found",
                     "\"" + id.substr(0, request_id_bytes_max) + "\" is not among the last " +
                         std::to_string(DispatchRing::dispatches_max) +
                         " requests that were given a slot since the gateway started. It never got one (an answer "
                         "from the cache takes none), or it is older: its row in the usage ledger "
                         "keeps how long it waited, its key and the virtual time.");
  }
  FairshareIds ids = ids_in(*told);
  const std::shared_ptr<const FairshareNames> names = co_await names_.names_of(std::move(ids));
  co_return answer(200, explanation_json(*told, *names, desk_.given()));
}

}  // namespace obleth::admin
