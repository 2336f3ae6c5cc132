#include "admin/api_fixture_test.hpp"

namespace obleth::admin {
namespace {

using TenantsApi = ApiTest;

constexpr const char* full_tenant = R"({
  "name": "search", "description": "the search team", "group": "default", "weight": 300,
  "tokens_per_minute": 100000, "requests_per_minute": 600, "max_in_flight": 20,
  "budget": {"period": "week", "starts_at": "2026-11-01T00:00:00Z", "tokens": 50000000, "cost_usd": "250.00"},
  "allowed_models": ["llama"], "status": "suspended",
  "active_from": "2026-01-01T00:00:00Z", "active_until": "2027-01-01T00:00:00Z", "timezone": "Europe/Berlin",
  "weekly_windows": [{"day": "mon", "start": "22:00", "end": "06:00"}], "brownout": "first", "brownout_wait_ms": 1500})";

TEST_F(TenantsApi, CreatedTenantComesBackWithItsDefaults) {
  const Json made = expect_status(201, "POST", "/tenants", R"({"name":"chat","weight":50,"tokens_per_minute":1000})");
  EXPECT_EQ(id_of(made)[14], '4') << "a version 4 UUID";
  EXPECT_TRUE(std::string_view("89ab").contains(id_of(made)[19])) << id_of(made);
  EXPECT_EQ(text_of(made, "name"), "chat");
  EXPECT_EQ(text_of(made, "group"), "default");
  EXPECT_EQ(text_of(made, "weight"), "50");
  EXPECT_EQ(text_of(made, "tokens_per_minute"), "1000");
  EXPECT_EQ(text_of(made, "requests_per_minute"), "null");
  EXPECT_EQ(text_of(made, "allowed_models"), "null");
  EXPECT_EQ(text_of(made, "status"), "active");
  EXPECT_EQ(text_of(made, "timezone"), "UTC");
  EXPECT_EQ(text_of(made, "brownout"), "allow");
  EXPECT_EQ(text_of(made, "created_at"), "2027-01-15T08:00:00Z");
  EXPECT_EQ(expect_status(200, "GET", "/tenants/" + id_of(made)), made);
  EXPECT_EQ(feed.count<ports::TenantChanged>(), 1);
}

TEST_F(TenantsApi, EveryFieldIsKeptAsItWasWritten) {
  const Json made = expect_status(201, "POST", "/tenants", full_tenant);
  const Json asked = *parse_json(full_tenant);
  for (const auto& [name, value] : *asked.members()) {
    if (name != "budget") EXPECT_EQ(text_of(made, name), value.text() ? *value.text() : to_text(value)) << name;
  }
  EXPECT_EQ(to_text(*made.find("budget")),
            R"({"period":"week","starts_at":"2026-11-01T00:00:00Z","tokens":50000000,"cost_usd":"250.00"})");
}

TEST_F(TenantsApi, EveryFaultIsToldAtOnceByItsField) {
  expect_refused(400, "POST", "/tenants",
                 R"({"weight":0,"tokens_per_minute":0,"requests_per_minute":"5","max_in_flight":-1,"colour":"red",
                     "budget":{"period":"year","tokens":0,"cost_usd":"0","used":1},"allowed_models":[1],
                     "status":"gone","active_from":"soon","timezone":"Mars/Base","weekly_windows":[{"day":"mon"}],
                     "brownout":true,"brownout_wait_ms":1.5,"group":"none","id":"x"})",
                 {"colour",
                  "id",
                  "name",
                  "weight",
                  "tokens_per_minute",
                  "requests_per_minute",
                  "max_in_flight",
                  "budget.used",
                  "budget.period",
                  "budget.tokens",
                  "budget.cost_usd",
                  "allowed_models[0]",
                  "status",
                  "active_from",
                  "timezone",
                  "weekly_windows[0].start",
                  "weekly_windows[0].end",
                  "brownout",
                  "brownout_wait_ms",
                  "group"});
}

TEST_F(TenantsApi, ZeroIsRefusedWhereAbsenceMeansNoLimit) {
  for (const char* field :
       {"tokens_per_minute", "requests_per_minute", "max_in_flight", "brownout_wait_ms", "weight"}) {
    const Json body = Json::object({{"name", "x"}, {field, 0}});
    expect_refused(400, "POST", "/tenants", to_text(body), {field});
  }
  expect_refused(400, "POST", "/tenants", R"({"name":"x","budget":{"period":"day","tokens":0}})", {"budget.tokens"});
  expect_refused(400, "POST", "/tenants", R"({"name":"x","budget":{"period":"day","cost_usd":0}})",
                 {"budget.cost_usd"});
  expect_refused(400, "POST", "/tenants", R"({"name":"x","budget":{"period":"day"}})", {"budget.tokens"});
}

TEST_F(TenantsApi, PutReplacesAndPatchChangesWhatItNames) {
  const std::string path = "/tenants/" + id_of(expect_status(201, "POST", "/tenants", full_tenant));
  const Json patched = expect_status(200, "PATCH", path, R"({"weight":7,"budget":null})");
  EXPECT_EQ(text_of(patched, "weight"), "7");
  EXPECT_EQ(text_of(patched, "budget"), "null");
  EXPECT_EQ(text_of(patched, "max_in_flight"), "20");
  const Json replaced = expect_status(200, "PUT", path, R"({"name":"search2"})");
  EXPECT_EQ(text_of(replaced, "weight"), "100");
  EXPECT_EQ(text_of(replaced, "max_in_flight"), "null");
  EXPECT_EQ(text_of(replaced, "status"), "active");
  EXPECT_EQ(text_of(replaced, "weekly_windows"), "[]");
  EXPECT_EQ(id_of(replaced), id_of(patched));
  EXPECT_EQ(text_of(replaced, "created_at"), text_of(patched, "created_at"));
}

TEST_F(TenantsApi, ReadOnlyFieldsAreAcceptedAsTheyWereAndNotOtherwise) {
  const Json made = make_tenant("a");
  const std::string path = "/tenants/" + id_of(made);
  clock.pass(5000);
  const Json again = expect_status(200, "PUT", path, to_text(made));
  EXPECT_NE(text_of(again, "updated_at"), text_of(made, "updated_at"));
  expect_refused(400, "PATCH", path,
                 R"({"id":"123e4567-e89b-12d3-a456-426614174000","created_at":"2020-01-01T00:00:00Z"})",
                 {"id", "created_at"});
}

TEST_F(TenantsApi, PartsHaveTheirOwnRoutes) {
  expect_status(201, "POST", "/fairshare/groups", R"({"name":"batch"})");
  const std::string path = "/tenants/" + id_of(make_tenant("a"));
  EXPECT_EQ(text_of(expect_status(200, "PATCH", path + "/weight", R"({"weight":9})"), "weight"), "9");
  EXPECT_EQ(text_of(expect_status(200, "PATCH", path + "/group", R"({"group":"batch"})"), "group"), "batch");
  EXPECT_EQ(text_of(expect_status(200, "PUT", path + "/quota", R"({"max_in_flight":3})"), "max_in_flight"), "3");
  const Json quota = expect_status(200, "PUT", path + "/quota", R"({"tokens_per_minute":5})");
  EXPECT_EQ(text_of(quota, "max_in_flight"), "null");
  EXPECT_EQ(text_of(quota, "weight"), "9");
  EXPECT_EQ(text_of(expect_status(200, "PATCH", path + "/status", R"({"status":"archived"})"), "status"), "archived");
  const Json always = expect_status(200, "PATCH", path + "/schedule", R"({"weekly_windows":null,"timezone":null})");
  EXPECT_EQ(text_of(always, "weekly_windows"), "[]");
  EXPECT_EQ(text_of(always, "timezone"), "UTC");
  EXPECT_EQ(text_of(expect_status(200, "PATCH", path + "/schedule", R"({"timezone":"Asia/Tokyo"})"), "timezone"),
            "Asia/Tokyo");
  EXPECT_EQ(text_of(expect_status(200, "PATCH", path + "/allowlist", R"({"allowed_models":[]})"), "allowed_models"),
            "[]");
  const Json budget = expect_status(200, "PATCH", path + "/budget", R"({"period":"day","tokens":10})");
  EXPECT_EQ(text_of(*budget.find("budget"), "tokens"), "10");
  const Json more = expect_status(200, "PATCH", path + "/budget", R"({"cost_usd":1.5})");
  EXPECT_EQ(text_of(more, "budget"), R"({"period":"day","starts_at":null,"tokens":10,"cost_usd":"1.50"})");
  EXPECT_EQ(text_of(expect_status(200, "PATCH", path + "/budget", "null"), "budget"), "null");
  expect_refused(400, "PATCH", path + "/budget", R"({"tokens":10})", {"period"});
  for (const char* part : {"/weight", "/group", "/status", "/allowlist"}) {
    const Json refused = expect_status(400, "PATCH", path + part, "{}");
    EXPECT_EQ(refused.find("error")->find("details")->items()->size(), 1U) << part;
  }
  expect_refused(400, "PATCH", path + "/weight", R"({"weight":1,"name":"b"})", {"name"});
  expect_refused(400, "PATCH", path + "/group", R"({"group":"nobody"})", {"group"});
}

TEST_F(TenantsApi, BudgetTellsWhatIsSpentWhereThatIsKnown) {
  live.budget_use = [](BudgetQuestion asked) -> Task<std::optional<BudgetUse>> {
    EXPECT_EQ(asked.budget.tokens, 100);
    EXPECT_EQ(asked.quota.requests_per_minute, 7);
    EXPECT_EQ(asked.timezone, "Asia/Tokyo");
    EXPECT_FALSE(asked.key);
    co_return BudgetUse{{42, NanoUsd{1'500'000'000}}, {8, NanoUsd{0}}, WallTime{0}};
  };
  rebuild(true);
  const Json made = expect_status(
      201, "POST", "/tenants",
      R"({"name":"a","requests_per_minute":7,"timezone":"Asia/Tokyo","budget":{"period":"month","tokens":100}})");
  EXPECT_EQ(text_of(made, "budget"),
            R"({"period":"month","starts_at":null,"tokens":100,"cost_usd":null,"used":{"tokens":42,"cost_usd":"1.50"},)"
            R"("held":{"tokens":8,"cost_usd":"0.00"},"resets_at":"1970-01-01T00:00:00Z"})");
  expect_status(200, "PUT", "/tenants/" + id_of(made), to_text(made));
}

TEST_F(TenantsApi, TakenNameIsAConflictAndADeletedOnesNameIsFree) {
  const Json made = make_tenant("a");
  expect_refused(409, "POST", "/tenants", R"({"name":"a"})", {"name"});
  expect_status(204, "DELETE", "/tenants/" + id_of(made));
  expect_status(404, "GET", "/tenants/" + id_of(made));
  expect_status(404, "DELETE", "/tenants/" + id_of(made));
  make_tenant("a");
}

TEST_F(TenantsApi, ListsComeInPagesAndByName) {
  for (int at = 0; at < 5; ++at)
    make_tenant("tenant-" + std::to_string(at));
  make_tenant("other");
  const Json first = expect_status(200, "GET", "/tenants?limit=4");
  EXPECT_EQ(first.find("data")->items()->size(), 4U);
  const Json second = expect_status(200, "GET", "/tenants?limit=4&cursor=" + text_of(first, "next_cursor"));
  EXPECT_EQ(second.find("data")->items()->size(), 2U);
  EXPECT_TRUE(second.find("next_cursor")->is_null());
  EXPECT_EQ(expect_status(200, "GET", "/tenants?name=tenant-").find("data")->items()->size(), 5U);
  expect_refused(400, "GET", "/tenants?limit=501", "", {"limit"});
  expect_refused(400, "GET", "/tenants?limit=0", "", {"limit"});
  expect_refused(400, "GET", "/tenants?cursor=what", "", {"cursor"});
  expect_refused(400, "GET", "/tenants?colour=red&limit=1&limit=2", "", {"colour", "limit"});
}

TEST_F(TenantsApi, GroupsAreNamedWeightedAndKeptWhileTheyHaveTenants) {
  const Json batch =
      expect_status(201, "POST", "/fairshare/groups", R"({"name":"batch","weight":3,"max_in_flight":5})");
  EXPECT_EQ(text_of(expect_status(200, "PATCH", "/fairshare/groups/batch/weight", R"({"weight":4})"), "weight"), "4");
  EXPECT_EQ(text_of(expect_status(200, "GET", "/fairshare/groups/batch"), "max_in_flight"), "5");
  expect_status(200, "PUT", "/fairshare/groups/batch", to_text(batch));
  EXPECT_EQ(expect_status(200, "GET", "/fairshare/groups").find("data")->items()->size(), 2U);
  const std::string tenant =
      "/tenants/" + id_of(expect_status(201, "POST", "/tenants", R"({"name":"a","group":"batch"})"));
  expect_status(409, "DELETE", "/fairshare/groups/batch");
  expect_status(200, "PATCH", tenant + "/group", R"({"group":"default"})");
  expect_status(204, "DELETE", "/fairshare/groups/batch");
  expect_refused(409, "DELETE", "/fairshare/groups/default", "", {"name"});
  expect_refused(400, "PATCH", "/fairshare/groups/default", R"({"name":"x"})", {"name"});
  expect_status(404, "GET", "/fairshare/groups/batch");
}

}  // namespace
}  // namespace obleth::admin
