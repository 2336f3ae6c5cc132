#include "admin/fairshare_view.hpp"

#include <utility>

#include "admin/codec.hpp"
#include "ports/loop.hpp"

namespace obleth::admin {
namespace {

constexpr auto snapshot_period = std::chrono::seconds(1);
constexpr std::size_t names_max = 20'000;  // of one stream; then it starts over, because tenants come and go
constexpr std::string_view stream_head =
    "Content-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n";

Json count() {
  return Json::object({{"type", "integer"}});
}

Json closed(Json::Object properties) {
  Json required = Json::list();
  for (const Json::Member& property : properties)
    required.append(property.first);
  return Json::object({{"type", "object"},
                       {"properties", std::move(properties)},
                       {"required", std::move(required)},
                       {"additionalProperties", false}});
}

Json rows(Json item) {
  return Json::object({{"type", "array"}, {"items", std::move(item)}});
}

Json snapshot_schema() {
  const Json name = Json::object({{"type", "string"}});
  const Json limit = Json::object({{"type", Json::list({"integer", "null"})}});
  const Json group = closed({{"group", name},
                             {"weight", count()},
                             {"in_flight", count()},
                             {"queued", count()},
                             {"settled_millitokens", count()}});
  const Json tenant = closed({{"tenant_id", name},
                              {"tenant", name},
                              {"group", name},
                              {"weight", count()},
                              {"in_flight", count()},
                              {"queued", count()},
                              {"settled_millitokens", count()},
                              {"reserved_millitokens", count()},
                              {"lag", count()},
                              {"oldest_wait_ms", count()}});
  const Json model = closed({{"model_id", name},
                             {"model", name},
                             {"max_in_flight", limit},
                             {"in_flight", count()},
                             {"queued", count()},
                             {"busy_gpu_ms", count()}});
  return closed({{"at", timestamp().schema},
                 {"capacity", count()},
                 {"in_flight", count()},
                 {"queued", count()},
                 {"virtual_time", count()},
                 {"drain_millitokens_per_second", count()},
                 {"forgiven_millitokens", count()},
                 {"age_guard_picks", count()},
                 {"groups", rows(group)},
                 {"tenants", rows(tenant)},
                 {"models", rows(model)}});
}

}  // namespace

struct FairshareView::Names {
  explicit Names(RecordDesk& desk) : groups(desk) {}
  [[nodiscard]] std::string tenant(TenantId id) const {
    const auto known = tenants.find(id);
    return known == tenants.end() ? id.uuid() : known->second;
  }
  [[nodiscard]] std::string group(GroupId id) const {
    const auto known = group_names.find(id);
    return known == group_names.end() ? id.uuid() : known->second;
  }
  [[nodiscard]] std::string model(ModelId id) const {
    const auto known = models.find(id);
    return known == models.end() ? std::string() : known->second;
  }

  GroupNames groups;
  std::map<GroupId, std::string> group_names;
  std::map<TenantId, std::string> tenants;
  std::map<ModelId, std::string> models;
};

void FairshareView::register_in(RouteTable& table) {
  table.section("fairshare");
  table.describe("FairshareSnapshot", snapshot_schema());
  table.add(get("/fairshare/live", "Who holds slots and who waits, now")
                .gives("FairshareSnapshot")
                .may_answer({503})
                .answered_by(this, &FairshareView::live));
  Route stream_route = get("/fairshare/stream", "The same once a second, as server-sent events")
                           .gives_text("FairshareSnapshot", "text/event-stream")
                           .may_answer({503});
  stream_route.stream = [this](const Call& call, ports::ClientExchange& exchange) { return stream(call, exchange); };
  table.add(std::move(stream_route));
}

// Names change rarely and stores may be down: what cannot be named is told by its id.
Task<void> FairshareView::learn_names(Names& names, const fairshare::Snapshot& snapshot) {
  if (names.tenants.size() > names_max) names.tenants.clear();
  for (const fairshare::GroupShare& share : snapshot.groups) {
    const Outcome<std::string> name = co_await names.groups.name_of(share.group);
    if (name) names.group_names[share.group] = *name;
  }
  for (const fairshare::NodeShare& share : snapshot.tenants) {
    if (names.tenants.contains(share.tenant)) continue;
    const auto found = co_await desk_.store().find_tenant(share.tenant.uuid());
    if (found && *found) names.tenants[share.tenant] = (*found)->name;
  }
  for (const fairshare::ModelShare& share : snapshot.models) {
    if (share.model.is_nil() || names.models.contains(share.model)) continue;
    const auto found = co_await desk_.store().find_model(share.model.uuid());
    if (found && *found) names.models[share.model] = (*found)->model_name;
  }
}

Task<Json> FairshareView::snapshot_json(Names& names) {
  const fairshare::Snapshot snapshot = desk_.live().snapshot();
  co_await learn_names(names, snapshot);
  Json groups = Json::list();
  for (const fairshare::GroupShare& share : snapshot.groups) {
    groups.append(Json::object({{"group", names.group(share.group)},
                                {"weight", share.weight},
                                {"in_flight", share.in_flight},
                                {"queued", share.queued},
                                {"settled_millitokens", share.settled_cost.value}}));
  }
  Json tenants = Json::list();
  for (const fairshare::NodeShare& share : snapshot.tenants) {
    tenants.append(Json::object({{"tenant_id", share.tenant.uuid()},
                                 {"tenant", names.tenant(share.tenant)},
                                 {"group", names.group(share.group)},
                                 {"weight", share.weight},
                                 {"in_flight", share.in_flight},
                                 {"queued", share.queued},
                                 {"settled_millitokens", share.settled_cost.value},
                                 {"reserved_millitokens", share.reserved_cost.value},
                                 {"lag", share.lag},
                                 {"oldest_wait_ms", whole_ms(share.oldest_wait)}}));
  }
  Json models = Json::list();
  for (const fairshare::ModelShare& share : snapshot.models) {
    models.append(Json::object({{"model_id", share.model.uuid()},
                                {"model", names.model(share.model)},
                                {"max_in_flight", share.max_in_flight ? Json(*share.max_in_flight) : Json()},
                                {"in_flight", share.in_flight},
                                {"queued", share.queued},
                                {"busy_gpu_ms", whole_ms(share.busy_gpu_time)}}));
  }
  co_return Json::object({{"at", to_rfc3339(desk_.now())},
                          {"capacity", snapshot.capacity},
                          {"in_flight", snapshot.in_flight},
                          {"queued", snapshot.queued},
                          {"virtual_time", snapshot.virtual_time},
                          {"drain_millitokens_per_second", snapshot.drain_rate_per_second},
                          {"forgiven_millitokens", snapshot.forgiven_cost},
                          {"age_guard_picks", snapshot.age_guard_picks},
                          {"groups", std::move(groups)},
                          {"tenants", std::move(tenants)},
                          {"models", std::move(models)}});
}

Task<Reply> FairshareView::live(const Call&) {
  if (!desk_.live().snapshot) co_return refuse(503, "unavailable", "The scheduler does not run here.");
  Names names(desk_);
  const Json snapshot = co_await snapshot_json(names);
  co_return answer(200, snapshot);
}

Task<void> FairshareView::stream(const Call&, ports::ClientExchange& exchange) {
  ports::Loop* loop = ports::Loop::current();
  if (!desk_.live().snapshot || loop == nullptr) {
    const Reply refusal = refuse(503, "unavailable", "The scheduler does not run here.");
    const Result<void> started =
        co_await exchange.start(refusal.status, "Content-Type: application/json\r\n", refusal.body.size(), {});
    if (started) static_cast<void>(co_await exchange.finish(refusal.body));
    co_return;
  }
  Names names(desk_);
  const Result<void> started = co_await exchange.start(200, stream_head, std::nullopt, {});
  bool goes_on = started.has_value();
  while (goes_on) {
    const Json snapshot = co_await snapshot_json(names);
    const std::string event = "event: snapshot\ndata: " + to_text(snapshot) + "\n\n";
    const Result<void> written = co_await exchange.write(event);
    if (!written) co_return;
    const Instant next = loop->now() + snapshot_period;
    goes_on = co_await ports::Pause(*loop, next, &exchange.departure());
    if (desk_.live().draining && desk_.live().draining()) break;
  }
  if (started && !exchange.departure().fired()) static_cast<void>(co_await exchange.finish({}));
}

}  // namespace obleth::admin
