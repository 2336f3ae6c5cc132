#include "admin/apply.hpp"

#include <algorithm>
#include <utility>

#include "admin/apply_plan.hpp"
#include "admin/capacity.hpp"
#include "admin/desired_state.hpp"
#include "admin/every_row.hpp"
#include "admin/group_fields.hpp"
#include "admin/mcp_rule_names.hpp"
#include "admin/model_fields.hpp"
#include "admin/schema_parts.hpp"

namespace obleth::admin {
namespace {

Json result_schema() {
  const Json plain = Json::object({{"type", "string"}});
  const Json state = Json::object({{"type", Json::list({"object", "null"})}});
  const Json change =
      closed_schema({{"action", plain}, {"kind", plain}, {"name", plain}, {"before", state}, {"after", state}});
  const Json secret = closed_schema({{"tenant", plain}, {"key", plain}, {"secret", plain}});
  return closed_schema({{"dry_run", Json::object({{"type", "boolean"}})},
                        {"changes", Json::object({{"type", "array"}, {"items", change}})},
                        {"secrets", Json::object({{"type", "array"}, {"items", secret}})},
                        {"version", Json::object({{"type", Json::list({"integer", "null"})}})}});
}

// The audit log's rows are the plan: "tenant.create" is the action create on a tenant.
Json changes_json(const Edit& edit) {
  Json changes = Json::list();
  for (const AuditNote& note : edit.notes) {
    changes.append(Json::object({{"action", note.action.substr(note.action.find('.') + 1)},
                                 {"kind", note.action.substr(0, note.action.find('.'))},
                                 {"name", note.target_name},
                                 {"before", note.before},
                                 {"after", note.after}}));
  }
  return changes;
}

Json secrets_json(const std::vector<NewSecret>& secrets) {
  Json list = Json::list();
  for (const NewSecret& one : secrets)
    list.append(Json::object({{"tenant", one.tenant}, {"key", one.key}, {"secret", one.secret.reveal()}}));
  return list;
}

// api_base says no more than the first endpoint, and an endpoint's id means nothing elsewhere.
Json stated_model(const Model& model) {
  const ModelDoc doc = model_doc(model);
  Json stated = model_fields().stated(doc);
  Json endpoints = Json::list();
  for (const EndpointDoc& endpoint : doc.endpoints)
    endpoints.append(endpoint_fields().stated(endpoint));
  stated.remove("api_base");
  stated.set("endpoints", std::move(endpoints));
  return stated;
}

bool wants_yaml(const Call& call) {
  return call.asked("format") == "yaml";
}

}  // namespace

void Apply::register_in(RouteTable& table) {
  table.section("configuration");
  describe_desired_state(table);
  table.describe("ApplyResult", result_schema());
  const Json truth = Json::object({{"type", "boolean"}});
  const Json format = Json::object({{"type", "string"}, {"enum", Json::list({"json", "yaml"})}});
  table.add(post("/apply", "Make the record what the document states, in one transaction")
                .takes_raw("DesiredState")
                .gives("ApplyResult")
                .asks({{"dry_run", truth, "Only tell what would change."}})
                .may_answer({409})
                .answered_by(this, &Apply::apply));
  table.add(get("/export", "The record as a document for apply, without secrets")
                .gives("DesiredState")
                .also_as("application/yaml")
                .asks({{"format", format, "json unless given."}})
                .answered_by(this, &Apply::give));
}

Task<Reply> Apply::apply(const Call& call) {
  Reading reading(ReadMode::change);
  const Outcome<Json> document = read_document(call.raw_body, call.content_type, reading);
  if (!document) co_return document.error();
  const auto asked = call.asked("dry_run");
  if (asked && *asked != "true" && *asked != "false") reading.fault_at("dry_run", "must be true or false");
  const bool dry_run = stated_switch(*document, "dry_run", reading) || asked == "true";
  const bool prune = stated_switch(*document, "prune", reading);

  const RecordDesk::Turn turn = co_await desk_.turn();
  ApplyPlan plan(desk_, prune);
  const Outcome<> made = co_await plan.make(*document, reading);
  if (!made) co_return made.error();
  if (reading.failed()) co_return refuse_body(reading);
  Edit edit = plan.take_edit();
  const Json changes = changes_json(edit);
  Json version;
  if (dry_run) {
    const Outcome<> taken = co_await desk_.rehearse(turn, std::move(edit.writes));
    if (!taken) co_return taken.error();
  } else if (!edit.writes.empty()) {
    const auto done = co_await desk_.commit(turn, call.caller, std::move(edit));
    if (!done) co_return done.error();
    version = *done;
  }
  co_return answer(200, Json::object({{"dry_run", dry_run},
                                      {"changes", changes},
                                      {"secrets", dry_run ? Json::list() : secrets_json(plan.secrets())},
                                      {"version", version}}));
}

Task<Reply> Apply::give(const Call& call) {
  const auto format = call.asked("format");
  if (format && *format != "json" && *format != "yaml") co_return refuse_field("format", "must be json or yaml");
  const Outcome<Json> state = co_await document();
  if (!state) co_return state.error();
  if (!wants_yaml(call)) co_return answer(200, *state);
  co_return Reply{.status = 200, .body = to_yaml(*state), .content_type = "application/yaml"};
}

Task<Outcome<Json>> Apply::tenants_json() {
  auto tenants = co_await every_row(desk_.store(), &ports::RecordStore::list_tenants);
  if (!tenants) co_return std::unexpected(tenants.error());
  std::ranges::sort(*tenants, {}, &Tenant::name);
  GroupNames groups(desk_);
  Json list = Json::list();
  for (const Tenant& tenant : *tenants) {
    const Outcome<std::string> group = co_await groups.name_of(tenant.group);
    if (!group) co_return std::unexpected(group.error());
    auto keys = co_await every_key(desk_.store(), tenant.id);
    if (!keys) co_return std::unexpected(keys.error());
    std::ranges::sort(*keys, {}, &ApiKey::name);
    Json stated_keys = Json::list();
    for (const ApiKey& key : *keys)
      stated_keys.append(key_fields().stated(key_doc(key)));
    Json stated = tenant_fields().stated(tenant_doc(tenant, *group));
    stated.set("keys", std::move(stated_keys));
    list.append(std::move(stated));
  }
  co_return std::move(list);
}

Task<Outcome<Json>> Apply::mcp_servers_json() {
  auto servers = co_await every_row(desk_.store(), &ports::RecordStore::list_mcp_servers);
  if (!servers) co_return std::unexpected(servers.error());
  std::ranges::sort(*servers, {}, &McpServer::name);
  McpRuleNames names(desk_);
  Json list = Json::list();
  for (const McpServer& server : *servers) {
    const Outcome<McpServerDoc> doc = co_await names.doc_of(server);
    if (!doc) co_return std::unexpected(doc.error());
    list.append(mcp_server_fields().stated(*doc));
  }
  co_return std::move(list);
}

// By name, so that records that hold the same give the same document.
Task<Outcome<Json>> Apply::document() {
  auto groups = co_await every_row(desk_.store(), &ports::RecordStore::list_groups);
  if (!groups) co_return std::unexpected(groups.error());
  std::ranges::sort(*groups, {}, &Group::name);
  Outcome<Json> tenants = co_await tenants_json();
  if (!tenants) co_return tenants;
  auto models = co_await every_row(desk_.store(), &ports::RecordStore::list_models);
  if (!models) co_return std::unexpected(models.error());
  std::ranges::sort(*models, {}, &Model::model_name);
  Outcome<Json> servers = co_await mcp_servers_json();
  if (!servers) co_return servers;
  const Outcome<CapacityDoc> capacity = co_await current_capacity(desk_);
  if (!capacity) co_return std::unexpected(capacity.error());
  Json stated_groups = Json::list();
  for (const Group& group : *groups)
    stated_groups.append(group_fields().stated(group));
  Json stated_models = Json::list();
  for (const Model& model : *models)
    stated_models.append(stated_model(model));
  co_return Json::object({{"capacity", capacity_fields().stated(*capacity)},
                          {"groups", std::move(stated_groups)},
                          {"tenants", std::move(*tenants)},
                          {"models", std::move(stated_models)},
                          {"mcp_servers", std::move(*servers)}});
}

}  // namespace obleth::admin
