#include "admin/status_pages.hpp"
#include "admin/schema_parts.hpp"

#include <utility>

namespace obleth::admin {
namespace {

// The answer of /status, put together for its one declaration.
struct StatusDoc {
  std::string version;
  GatewayStatus gateway;
  std::int64_t uptime_secs = 0;
  std::string not_ready_because;
  std::optional<std::uint64_t> record_version;
};

Json stores_json(const std::vector<StoreState>& stores) {
  Json list = Json::list();
  for (const StoreState& store : stores)
    list.append(Json::object({{"name", store.name}, {"up", store.up}, {"detail", store.detail}}));
  return list;
}

Json spool_json(const std::optional<SpoolState>& spool) {
  if (!spool) return nullptr;
  return Json::object({{"bytes", spool->bytes},
                       {"oldest_secs", spool->oldest_secs},
                       {"dropped_rows", spool->dropped_rows},
                       {"dropping", spool->dropping}});
}

Json slots_json(const std::optional<SlotState>& slots) {
  if (!slots) return nullptr;
  return Json::object({{"lease", slots->lease}, {"shared", slots->shared}});
}

const Fields<StatusDoc>& status_fields() {
  using F = Declare<StatusDoc>;
  const Json plain = Json::object({{"type", "string"}});
  const Json count = Json::object({{"type", "integer"}});
  const Json truth = Json::object({{"type", "boolean"}});
  const Json store = closed_schema({{"name", plain}, {"up", truth}, {"detail", plain}});
  const Json spool =
      closed_schema({{"bytes", count}, {"oldest_secs", count}, {"dropped_rows", count}, {"dropping", truth}},
                    Json::list({"object", "null"}));
  const Json slots = closed_schema({{"lease", count}, {"shared", truth}}, Json::list({"object", "null"}));
  const auto told = [](const char* name, Json schema, auto tell) {
    return F::live(name, std::move(schema), [tell](const StatusDoc& doc) -> std::optional<Json> { return tell(doc); });
  };
  static const Fields<StatusDoc> fields(
      {told("version", plain, [](const StatusDoc& doc) { return doc.version; }),
       told("commit", plain, [](const StatusDoc& doc) { return doc.gateway.commit; }),
       told("started_at", timestamp().schema, [](const StatusDoc& doc) { return to_rfc3339(doc.gateway.started_at); }),
       told("uptime_secs", count, [](const StatusDoc& doc) { return doc.uptime_secs; }),
       told("ready", truth, [](const StatusDoc& doc) { return doc.not_ready_because.empty(); }),
       told("not_ready_because", plain, [](const StatusDoc& doc) { return doc.not_ready_because; }),
       told("record_version", Json::object({{"type", Json::list({"integer", "null"})}}),
            [](const StatusDoc& doc) { return doc.record_version ? Json(*doc.record_version) : Json(); }),
       told("stores", list_schema(store, 0, 100), [](const StatusDoc& doc) { return stores_json(doc.gateway.stores); }),
       told("spool", spool, [](const StatusDoc& doc) { return spool_json(doc.gateway.spool); }),
       told("slots", slots, [](const StatusDoc& doc) { return slots_json(doc.gateway.slots); }),
       told("replicas", count, [](const StatusDoc& doc) { return doc.gateway.replicas; })});
  return fields;
}

}  // namespace

void StatusPages::register_in(RouteTable& table) {
  const Json plain = Json::object({{"type", "string"}});
  table.section("status");
  table.describe("Error", error_schema());
  table.describe("Text", plain);
  table.describe("Status", status_fields().schema(SchemaKind::answer));
  table.describe("Version", closed_schema({{"version", plain}}));
  table.describe("OpenApi", Json::object({{"type", "object"}}));
  table.add(get("/status", "How the gateway is").gives("Status").answered_by(this, &StatusPages::status));
  table.add(get("/openapi.json", "This document")
                .open(std::string(api_prefix) + "/openapi.json")
                .gives("OpenApi")
                .answered_by(this, &StatusPages::openapi));
  table.add(get("", "The process is alive")
                .open("/health")
                .gives_text("Text", "text/plain")
                .answered_by(this, &StatusPages::health));
  table.add(get("", "The configuration is loaded and the gateway is not draining")
                .open("/ready")
                .gives_text("Text", "text/plain")
                .may_answer({503})
                .answered_by(this, &StatusPages::ready));
  table.add(
      get("", "Which program this is").open("/version").gives("Version").answered_by(this, &StatusPages::version));
}

std::string StatusPages::not_ready_because() const {
  return desk_.live().not_ready_because ? desk_.live().not_ready_because() : std::string();
}

Task<Reply> StatusPages::status(const Call&) {
  StatusDoc doc{.version = desk_.given().version, .gateway = {}, .not_ready_because = not_ready_because()};
  if (desk_.live().status) doc.gateway = desk_.live().status();
  doc.uptime_secs = (desk_.now().unix_ms - doc.gateway.started_at.unix_ms) / 1000;
  const Result<std::uint64_t> version = co_await desk_.store().version();
  // A status page that a dead store takes down would be of no use.
  if (version) doc.record_version = *version;
  co_return answer(200, status_fields().show(doc));
}

Task<Reply> StatusPages::health(const Call&) {
  co_return Reply{.status = 200, .body = "ok", .content_type = "text/plain"};
}

Task<Reply> StatusPages::ready(const Call&) {
  const std::string reason = not_ready_because();
  if (!reason.empty()) co_return refuse(503, "not_ready", reason);
  co_return Reply{.status = 200, .body = "ready", .content_type = "text/plain"};
}

Task<Reply> StatusPages::version(const Call&) {
  co_return answer(200, Json::object({{"version", desk_.given().version}}));
}

Task<Reply> StatusPages::openapi(const Call&) {
  co_return answer(200, openapi_document(table_, desk_.given().version));
}

}  // namespace obleth::admin
