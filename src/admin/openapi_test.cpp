#include <algorithm>
#include <functional>
#include <set>

#include "adapters/sqlite/sqlite_usage_ledger.hpp"
#include "admin/api_fixture_test.hpp"
#include "admin/schema_check_test.hpp"
#include "base/temporary_folder_test.hpp"
#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::admin {
namespace {

class OpenApi : public ApiTest {
 protected:
  OpenApi() {
    live.snapshot = [this] { return snapshot; };
    live.history = [this](const fairshare::HistoryRange&) {
      return std::vector{std::make_shared<const fairshare::PastSnapshot>(WallTime{1}, snapshot)};
    };
    live.explain = [](const fairshare::Sought& sought) -> std::optional<fairshare::Explanation> {
      if (sought.request != EventId{{0, 1}}) return std::nullopt;
      fairshare::Explanation told;
      told.dispatch.cause = fairshare::WaitCause::model_full;
      told.dispatch.mark.cut_by = fairshare::CutBy::budget;
      told.top.resize(3);
      return told;
    };
    live.settings = [] {
      return std::vector<SettingRow>{{"log_level", "info", "default", "how much is logged", true}};
    };
    live.setting_schemas = [] {
      return Json::Object{{"log_level", Json::object({{"enum", Json::list({"debug", "info", {}})}})}};
    };
    live.refuse_setting = [](std::string_view, std::string_view value) {
      return value == "loud" ? std::optional<std::string>("must be debug or info") : std::nullopt;
    };
    live.status = [] {
      GatewayStatus status;
      status.stores = {{"sqlite", true, ""}};
      status.spool = SpoolState{};
      return status;
    };
    live.budget_use = [](BudgetQuestion) -> Task<std::optional<BudgetUse>> { co_return BudgetUse{}; };
    ledger = std::move(*adapters::SqliteUsageLedger::open({.path = folder.file("usage.db")}));
    usage = ledger.get();
    rebuild(true);
    document = ask({.method = "GET", .target = "/api/v1/openapi.json", .token = {}, .body = {}}).json();
  }

  [[nodiscard]] const Json* operation_of(const Route& route) const {
    const Json* path = document.find("paths")->find(route.pattern);
    std::string method = route.method;
    std::ranges::transform(method, method.begin(), [](char c) { return static_cast<char>(c + 32); });
    return path == nullptr ? nullptr : path->find(method);
  }

  // Calls a route and holds request and answer against the document. target: the pattern with its placeholders filled.
  Json drive(const std::string& method, const std::string& target, const Json& body = Json()) {
    const std::string path = target.substr(0, target.find('?'));
    const RouteMatch match = api->routes().match(method, path);
    EXPECT_NE(match.route, nullptr) << method << " " << target;
    if (match.route == nullptr) return {};
    const Json& operation = *operation_of(*match.route);
    const std::string what = method + " " + target + " " + to_text(body);
    if (const Json* request = operation.find("requestBody")) {
      const Json& schema = *request->find("content")->find("application/json")->find("schema");
      EXPECT_EQ(SchemaCheck(document).problem(body.is_null() ? Json::object() : body, schema), "") << what;
    }
    const Answered answered = ask({.method = method,
                                   .target = target,
                                   .token = root_token,
                                   .body = body.is_null() ? std::string() : to_text(body)});
    EXPECT_EQ(answered.status, match.route->status) << what << "\n" << answered.body;
    driven.insert(match.route);
    return held_against(operation, answered, what);
  }

  Json held_against(const Json& operation, const Answered& answered, const std::string& what) {
    const Json* response = operation.find("responses")->find(std::to_string(answered.status));
    EXPECT_NE(response, nullptr) << what << " answers the undocumented " << answered.status;
    const bool warns = answered.head.contains("Warning: ");
    warned += warns ? 1 : 0;
    EXPECT_TRUE(!warns || (response != nullptr && response->find("headers") != nullptr)) << what;
    const Json* content = response == nullptr ? nullptr : response->find("content");
    EXPECT_EQ(content == nullptr, answered.body.empty()) << what;
    if (content == nullptr) return {};
    const std::string type = answered.head.substr(answered.head.find("Content-Type: ") + 14);
    EXPECT_NE(content->find(type.substr(0, type.find('\r'))), nullptr) << what << " answers the undocumented " << type;
    const Json* json = content->find("application/json");
    if (json == nullptr || !type.starts_with("application/json")) return {};
    Json body = answered.json();
    EXPECT_EQ(SchemaCheck(document).problem(body, *json->find("schema")), "") << what << "\n" << answered.body;
    return body;
  }

  void drive_groups() {
    drive("POST", v1 + "/fairshare/groups", Json::object({{"name", "batch"}}));
    drive("GET", v1 + "/fairshare/groups");
    Json group = drive("GET", v1 + "/fairshare/groups/batch");
    drive("PUT", v1 + "/fairshare/groups/batch", group);
    drive("PATCH", v1 + "/fairshare/groups/batch", Json::object({{"max_in_flight", 3}}));
    drive("PATCH", v1 + "/fairshare/groups/batch/weight", Json::object({{"weight", 3}}));
  }
  void drive_tenants_and_keys() {
    const Json budget = Json::object({{"period", "day"}, {"cost_usd", "1.5"}});
    const Json tenant =
        drive("POST", v1 + "/tenants", Json::object({{"name", "a"}, {"group", "batch"}, {"budget", budget}}));
    const std::string tenant_path = v1 + "/tenants/" + id_of(tenant);
    drive("GET", v1 + "/tenants?limit=10");
    drive("GET", tenant_path);
    drive("PUT", tenant_path, tenant);
    drive("PATCH", tenant_path,
          Json::object({{"status", "active"},
                        {"weekly_windows", *parse_json(R"([{"day":"sun","start":"00:00","end":"23:59"}])")}}));
    drive("PATCH", tenant_path + "/weight", Json::object({{"weight", 5}}));
    drive("PATCH", tenant_path + "/group", Json::object({{"group", "default"}}));
    drive("PUT", tenant_path + "/quota", Json::object({{"max_in_flight", 5}}));
    drive("PATCH", tenant_path + "/status", Json::object({{"status", "suspended"}}));
    drive("PATCH", tenant_path + "/schedule", Json::object({{"active_until", "2030-01-01T00:00:00Z"}}));
    drive("PATCH", tenant_path + "/budget", Json::object({{"tokens", 5}}));
    drive("PATCH", tenant_path + "/allowlist", Json::object({{"allowed_models", nullptr}}));
    const Json fresh = drive("POST", tenant_path + "/keys", Json::object({{"name", "ci"}, {"budget", budget}}));
    const std::string key_path = v1 + "/keys/" + text_of(*fresh.find("key"), "id");
    drive("GET", tenant_path + "/keys");
    drive("GET", v1 + "/keys");
    drive("PUT", key_path, drive("GET", key_path));
    drive("PATCH", key_path, Json::object({{"weight", 1}}));
    drive("PUT", key_path + "/disabled", Json::object({{"disabled", true}}));
    drive("POST", key_path + "/rotate");
    drive("GET", key_path);
    drive("DELETE", key_path);
    drive("DELETE", tenant_path);
  }
  void drive_models() {
    const Json model =
        drive("POST", v1 + "/models", *parse_json(R"({"model_name":"m","api_base":"http://v","api_key":"k",
      "input_cost_per_token":0.000003,"admission_weight":0.25,"upstream_headers":{"x-a":"b"}})"));
    drive("GET", v1 + "/models");
    drive("PUT", v1 + "/models/m", drive("GET", v1 + "/models/m"));
    drive("PATCH", v1 + "/models/m", Json::object({{"aliases", Json::list({"n"})}, {"slot_second_cost", 60}}));
    drive("PUT", v1 + "/models/m/cache", Json::object({{"cache_enabled", true}}));
    const Json endpoint = drive("POST", v1 + "/models/m/endpoints", Json::object({{"api_base", "http://w"}}));
    drive("GET", v1 + "/models/m/endpoints");
    drive("PUT", v1 + "/models/m/endpoints/" + id_of(endpoint), endpoint);
    drive("DELETE", v1 + "/models/m/endpoints/" + id_of(endpoint));
    drive("DELETE", v1 + "/models/m");
  }
  void drive_mcp_servers() {
    const Json server =
        Json::object({{"name", "s"}, {"upstream_url", "http://mcp"}, {"access", *parse_json(R"([{"tenant":"a"}])")}});
    make_tenant("a");
    drive("POST", v1 + "/mcp-servers", server);
    drive("GET", v1 + "/mcp-servers");
    drive("PUT", v1 + "/mcp-servers/s", drive("GET", v1 + "/mcp-servers/s"));
    drive("PATCH", v1 + "/mcp-servers/s", Json::object({{"enabled", false}}));
    drive("DELETE", v1 + "/mcp-servers/s");
    drive("DELETE", v1 + "/tenants/a");
  }
  void drive_scheduler() {
    drive("PUT", v1 + "/capacity", Json::object({{"max_in_flight", 64}}));
    drive("PUT", v1 + "/capacity", drive("GET", v1 + "/capacity"));
    snapshot.groups.resize(1);
    snapshot.tenants.resize(1);
    snapshot.models.resize(1);
    drive("GET", v1 + "/fairshare/live");
    drive("GET", v1 + "/fairshare/history?limit=1");
    drive("GET", v1 + "/fairshare/explain/" + EventId{{0, 1}}.hex());
  }
  void drive_usage() {
    UsageRecord row = adapters::a_row(1, clock.wall_now().unix_ms);
    const ports::UsageBatch batch{{.segment = {1, 1}, .begin = 0, .end = 1}, {row}};
    ASSERT_TRUE(ledger->deliver(batch).run_now());
    drive("GET", v1 + "/usage/summary");
    for (const char* by : {"tenant", "key", "model", "group"})
      drive("GET", v1 + "/usage/series?bucket=minute&group_by=" + by);
    drive("GET", v1 + "/usage/series");
    drive("GET", v1 + "/usage/requests?limit=1");
    drive("GET", v1 + "/usage/requests/" + row.event_id.hex());
    drive("GET", v1 + "/costs?limit=5&since=0");
    drive("GET", v1 + "/tenants/" + row.tenant_id.uuid() + "/usage");
  }
  void drive_administration() {
    const Json token = drive("POST", v1 + "/admin-tokens", Json::object({{"name", "t"}, {"role", "viewer"}}));
    drive("GET", v1 + "/admin-tokens");
    drive("DELETE", v1 + "/admin-tokens/" + text_of(*token.find("admin_token"), "id"));
    drive("GET", v1 + "/settings");
    drive("PATCH", v1 + "/settings", Json::object({{"log_level", "debug"}}));
    drive("GET", v1 + "/status");
    drive("GET", v1 + "/export?format=yaml");
    drive("POST", v1 + "/apply?dry_run=true", drive("GET", v1 + "/export"));
    drive("POST", v1 + "/apply", *parse_json(R"({"tenants":{"b":{"keys":[{"name":"k"}]}}})"));
    drive("GET", v1 + "/audit?since=0&limit=500");
    drive("GET", v1 + "/openapi.json");
    for (const char* path : {"/health", "/ready", "/version"})
      drive("GET", path);
  }

  const std::string v1{api_prefix};
  fairshare::Snapshot snapshot;
  TemporaryFolder folder;
  std::unique_ptr<adapters::SqliteUsageLedger> ledger;
  Json document;
  std::set<const Route*> driven;
  int warned = 0;
};

void gather_references(const Json& json, std::set<std::string>& names) {
  if (json.members() != nullptr) {
    for (const auto& [name, value] : *json.members()) {
      if (name == "$ref") names.insert(value.text()->substr(value.text()->rfind('/') + 1));
      gather_references(value, names);
    }
  }
  if (json.items() != nullptr) {
    for (const Json& item : *json.items())
      gather_references(item, names);
  }
}

TEST_F(OpenApi, ListsExactlyTheRoutesOfTheTable) {
  EXPECT_EQ(*document.find("openapi")->text(), "3.1.0");
  std::size_t operations = 0;
  for (const Json::Member& path : *document.find("paths")->members())
    operations += path.second.members()->size();
  EXPECT_EQ(operations, api->routes().routes().size());
  std::set<std::string> ids;
  for (const Route& route : api->routes().routes()) {
    const Json* operation = operation_of(route);
    ASSERT_NE(operation, nullptr) << route.method << " " << route.pattern;
    EXPECT_TRUE(ids.insert(*operation->find("operationId")->text()).second) << *operation->find("operationId")->text();
    EXPECT_FALSE(operation->find("summary")->text()->empty());
  }
}

TEST_F(OpenApi, EverySchemaIsUsedAndEveryReferenceLeadsToOne) {
  std::set<std::string> referred;
  gather_references(document, referred);
  std::set<std::string> described;
  for (const char* kind : {"schemas", "headers"}) {
    for (const Json::Member& part : *document.find("components")->find(kind)->members())
      described.insert(part.first);
  }
  EXPECT_EQ(referred, described);
}

// Where each part of a document stands, and that part.
void walk(const Json& part, const std::string& at, const std::function<void(const Json&, const std::string&)>& look) {
  look(part, at);
  if (const Json::Object* members = part.members()) {
    for (const auto& [name, member] : *members)
      walk(member, at + "/" + name, look);
  }
  if (const Json::List* items = part.items()) {
    for (const Json& item : *items)
      walk(item, at, look);
  }
}

// Generators name a shape without a name of its own after its owner and its member: TenantStatus.
std::string derived_name(const std::string& owner, std::string_view member) {
  std::string name = owner;
  bool begins = true;
  for (const char c : member) {
    if (c != '_') name += begins && c >= 'a' ? static_cast<char>(c - 32) : c;
    begins = c == '_';
  }
  return name;
}

// What openapi-python-client, for one, leaves out of the client that it makes.
TEST_F(OpenApi, GeneratorsOfClientsStumbleOverNothing) {
  const Json& schemas = *document.find("components")->find("schemas");
  walk(schemas, "", [](const Json& part, const std::string& at) {
    const Json* values = part.find("enum");
    if (values != nullptr && values->items() != nullptr) {
      for (const Json& value : *values->items())
        EXPECT_TRUE(value.is_null() || value.text() != nullptr) << at << " lists other values than texts";
    }
    const Json* choices = part.find("anyOf");
    if (choices == nullptr || choices->items() == nullptr) return;
    for (const Json& choice : *choices->items())
      EXPECT_TRUE(choice.find("type") != nullptr || choice.find("$ref") != nullptr || choice.find("enum") != nullptr)
          << at << " has a choice that is no shape";
  });
  for (const auto& [owner, schema] : *schemas.members()) {
    const Json* properties = schema.find("properties");
    if (properties == nullptr) continue;
    for (const auto& [member, shape] : *properties->members()) {
      const bool is_named = shape.find("enum") != nullptr || shape.find("properties") != nullptr;
      EXPECT_TRUE(!is_named || schemas.find(derived_name(owner, member)) == nullptr)
          << derived_name(owner, member) << " is a schema, and the name that " << member << " of " << owner
          << " is given";
    }
  }
}

TEST_F(OpenApi, RefusalsAreDocumentedAndInTheErrorShape) {
  for (const Route& route : api->routes().routes()) {
    if (route.access == Access::open) continue;
    const std::string what = route.method + " " + route.pattern;
    held_against(*operation_of(route), ask({.method = route.method, .target = route.pattern, .token = {}, .body = {}}),
                 what);
    const Asked odd{.method = route.method, .target = route.pattern + "?colour=red", .token = root_token, .body = "[1"};
    const Answered refused = ask(odd);
    EXPECT_EQ(refused.status, 400) << what;
    held_against(*operation_of(route), refused, what);
    if (route.body == BodyKind::none || !route.pattern.contains('{')) continue;
    const Asked lost{.method = route.method, .target = route.pattern, .token = root_token, .body = "{}"};
    const Answered missing = ask(lost);
    EXPECT_EQ(missing.status, 404) << what << missing.body;
    held_against(*operation_of(route), missing, what);
  }
}

TEST_F(OpenApi, ABodyIsRequiredWhereNoneIsRefused) {
  for (const Route& route : api->routes().routes()) {
    if (route.body == BodyKind::none || route.pattern.contains('{')) continue;
    const Answered answered = ask({.method = route.method, .target = route.pattern, .token = root_token, .body = {}});
    const Json& request = *operation_of(route)->find("requestBody");
    EXPECT_EQ(*request.find("required")->boolean(), answered.status == 400) << route.method << " " << route.pattern;
  }
}

TEST_F(OpenApi, WhatABodyMayNotHoldTheSchemaRefusesToo) {
  struct Wrong {
    const char* method;
    const char* path;
    const char* body;
  };
  for (const Wrong& wrong : {
           Wrong{"PATCH", "/settings", R"({"colour":"red"})"},
           Wrong{"PATCH", "/settings", R"({"log_level":"loud"})"},
           Wrong{"POST", "/apply", R"({"capacity":0})"},
           Wrong{"POST", "/tenants", R"({"name":"x","budget":{"period":"day"}})"},
           Wrong{"POST", "/tenants", R"({"name":"x","budget":{"period":"day","tokens":null,"cost_usd":null}})"},
           Wrong{"POST", "/tenants", R"({"name":"x","budget":{"period":"day","cost_usd":0}})"},
           Wrong{"POST", "/tenants", R"({"name":"x","budget":{"period":"day","cost_usd":"0.00"}})"},
           Wrong{"POST", "/tenants", R"({"name":"x","budget":{"period":"day","cost_usd":10000000000}})"},
           Wrong{"POST", "/tenants", R"({"name":"x","budget":{"period":"day","cost_usd":1e-10}})"},
           Wrong{"POST", "/tenants", R"({"name":"x","budget":{"period":"day","cost_usd":"000.1"}})"},
           Wrong{"POST", "/tenants", R"({"name":"x","budget":{"period":"day","cost_usd":"0.0000000011"}})"},
           Wrong{"POST", "/tenants", R"({"name":"x","description":"a\u0000"})"},
           Wrong{"POST", "/models", R"({"model_name":"x","api_base":"http://v","upstream_model":"a\u001b"})"},
           Wrong{"POST", "/models", R"({"model_name":"x","api_base":"http://v","cost_per_request":"0.0000000000001"})"},
           Wrong{"POST", "/models", R"({"model_name":"x","api_base":"http://v","upstream_headers":{"x-a":""}})"},
           Wrong{"POST", "/models", R"({"model_name":"x","api_base":"http://v","upstream_headers":{"x-a":" a"}})"},
           Wrong{"POST", "/models", R"({"model_name":"x","api_base":"http://v","upstream_headers":{"x a":"b"}})"},
           Wrong{"POST", "/models", R"({"model_name":"x","api_base":"http://v","cost_per_request":1000001})"},
           Wrong{"POST", "/tenants", R"({"name":" x"})"},
           Wrong{"POST", "/tenants", R"({"name":"x "})"},
           Wrong{"POST", "/tenants", R"({"name":"a\u0007b"})"},
           Wrong{"POST", "/tenants", R"({"name":"00000000-0000-0001-0000-00000000000F"})"},
           Wrong{"POST", "/tenants", R"({"name":"0000000000000001000000000000000f"})"},
           Wrong{"POST", "/tenants", R"({"name":"x","weekly_windows":[{"day":"mon","start":"-0:30","end":"01:00"}]})"},
           Wrong{"POST", "/tenants", R"({"name":"x","weekly_windows":[{"day":"mon","start":"00:00","end":"00:-0"}]})"},
           Wrong{"POST", "/mcp-servers",
                 R"({"name":"s","upstream_url":"http://m","access":[{"tenant":"a","group":"b"}]})"},
       }) {
    const RouteMatch match = api->routes().match(wrong.method, v1 + wrong.path);
    ASSERT_NE(match.route, nullptr) << wrong.path;
    const Json schema = reference_to(match.route->request_schema);
    EXPECT_NE(SchemaCheck(document).problem(*parse_json(wrong.body), schema), "") << wrong.body;
    const Answered answered =
        ask({.method = wrong.method, .target = v1 + wrong.path, .token = root_token, .body = wrong.body});
    EXPECT_EQ(answered.status, 400) << wrong.body;
  }
}

TEST_F(OpenApi, WhatIsANameTheSchemaTakes) {
  const Json schema = reference_to("TenantCreate");
  for (const char* name :
       {"x", "a b", "G\u00fcnther \u2028 \U0001F600", "0000000000000001000000000000000g", "\u00a0"}) {
    const Json body = Json::object({{"name", name}});
    EXPECT_EQ(SchemaCheck(document).problem(body, schema), "") << name;
    const Answered made =
        ask({.method = "POST", .target = v1 + "/tenants", .token = root_token, .body = to_text(body)});
    EXPECT_EQ(made.status, 201) << made.body;
  }
}

TEST_F(OpenApi, WhatIsABudgetTheSchemaTakes) {
  const Json schema = reference_to("TenantCreate");
  int at = 0;
  for (const char* cost : {"0.000000001", "9223372036.854775807", "\"9223372036.854775807\"", "\"0.1000000000000\"",
                           "1e-9", "\"1.23456789012e5\"", "1E+3", "7"}) {
    const std::string body =
        R"({"name":"t)" + std::to_string(at++) + R"(","budget":{"period":"day","cost_usd":)" + cost + "}}";
    EXPECT_EQ(SchemaCheck(document).problem(*parse_json(body), schema), "") << body;
    EXPECT_EQ(ask({.method = "POST", .target = v1 + "/tenants", .token = root_token, .body = body}).status, 201)
        << body;
  }
}

TEST_F(OpenApi, ParametersThatAreRefusedDoNotFitTheirSchema) {
  const std::vector<std::pair<const char*, std::vector<const char*>>> wrong = {
      {"/audit", {"since", "until"}}, {"/fairshare/history", {"since"}}, {"/usage/requests", {"since", "event_id"}}};
  for (const auto& [path, names] : wrong) {
    const RouteMatch match = api->routes().match("GET", v1 + path);
    for (const char* name : names) {
      const auto parameter = std::ranges::find(match.route->query, name, &Parameter::name);
      ASSERT_NE(parameter, match.route->query.end()) << path << " " << name;
      EXPECT_NE(SchemaCheck(document).problem(Json("soon"), parameter->schema), "") << path << " " << name;
      EXPECT_EQ(
          ask({.method = "GET", .target = v1 + path + "?" + name + "=soon", .token = root_token, .body = {}}).status,
          400);
    }
  }
}

TEST_F(OpenApi, WarningsAreDocumented) {
  feed.reaches_replicas = false;
  drive_groups();
  drive_models();
  drive_mcp_servers();
  drive_scheduler();
  drive_tenants_and_keys();
  drive_administration();
  drive("DELETE", v1 + "/fairshare/groups/batch");
  EXPECT_GT(warned, 10);
}

TEST_F(OpenApi, EveryRouteAnswersAsDocumented) {
  drive_groups();
  drive_models();
  drive_mcp_servers();
  drive_scheduler();
  drive_tenants_and_keys();
  drive_usage();
  drive_administration();
  drive("DELETE", v1 + "/fairshare/groups/batch");
  for (const Route& route : api->routes().routes()) {
    const bool needs_more = route.stream || route.pattern.ends_with("/test") ||
                            route.pattern.ends_with("/probe");  // a loop, an upstream: tests of their own
    EXPECT_TRUE(driven.contains(&route) || needs_more) << route.method << " " << route.pattern << " was not driven";
  }
}

}  // namespace
}  // namespace obleth::admin
