#include "admin/api_fixture_test.hpp"

namespace obleth::admin {
namespace {

class KeysApi : public ApiTest {
 protected:
  KeysApi() : tenant_path_("/tenants/" + id_of(make_tenant("a"))) {}
  Json make_key(const std::string& body = R"({"name":"ci"})") {
    return expect_status(201, "POST", tenant_path_ + "/keys", body);
  }
  static std::string key_path(const Json& made) { return "/keys/" + text_of(*made.find("key"), "id"); }
  // Whose key the secret opens, at this moment.
  std::optional<std::string> opens(const std::string& secret) {
    const auto found = store->resolve_key(hasher.hash(secret), clock.wall_now()).run_now();
    EXPECT_TRUE(found);
    return found && *found ? std::optional((*found)->key.name) : std::nullopt;
  }

  std::string tenant_path_;
};

TEST_F(KeysApi, SecretIsToldOnceAndOpensTheKey) {
  const Json made = make_key();
  const std::string secret = text_of(made, "secret");
  EXPECT_TRUE(is_well_formed_key(secret)) << secret;
  EXPECT_EQ(opens(secret), "ci");
  EXPECT_EQ(text_of(*made.find("key"), "prefix"), secret.substr(0, 12));
  const std::string hidden = secret.substr(12);
  for (const char* path : {"/keys", "/audit", "/export"})
    EXPECT_EQ(call("GET", path).body.find(hidden), std::string::npos) << path;
  EXPECT_EQ(call("GET", key_path(made)).body.find(hidden), std::string::npos);
  EXPECT_EQ(feed.count<ports::KeyChanged>(), 1);
}

TEST_F(KeysApi, BudgetTellsWhatIsSpentInTheTenantsTimeZone) {
  live.budget_use = [](BudgetQuestion asked) -> Task<std::optional<BudgetUse>> {
    EXPECT_TRUE(asked.key);
    EXPECT_EQ(asked.timezone, "Asia/Tokyo");
    EXPECT_EQ(asked.quota.tokens_per_minute, 5000);
    co_return BudgetUse{{42, NanoUsd{1'500'000'000}}, {8, NanoUsd{0}}, std::nullopt};
  };
  rebuild(true);
  tenant_path_ = "/tenants/" + id_of(expect_status(201, "POST", "/tenants", R"({"name":"a","timezone":"Asia/Tokyo"})"));
  const Json made = make_key(R"({"name":"ci","tokens_per_minute":5000,"budget":{"period":"lifetime","tokens":100}})");
  const Json shown = expect_status(200, "GET", key_path(made));
  EXPECT_EQ(text_of(shown, "budget"),
            R"({"period":"lifetime","starts_at":null,"tokens":100,"cost_usd":null,"used":{"tokens":42,)"
            R"("cost_usd":"1.50"},"held":{"tokens":8,"cost_usd":"0.00"},"resets_at":null})");
  expect_status(200, "PUT", key_path(made), to_text(shown));
  expect_refused(400, "PATCH", key_path(made), R"({"budget":{"period":"day","tokens":0}})", {"budget.tokens"});
  expect_refused(400, "PATCH", key_path(made), R"({"budget":{"period":"day","cost_usd":"0"}})", {"budget.cost_usd"});
}

TEST_F(KeysApi, BodyMayBeLeftOutAndTheKeyIsNamedAfterItsPrefix) {
  const Json made = make_key("");
  EXPECT_EQ(text_of(*made.find("key"), "name"), text_of(*made.find("key"), "prefix"));
  make_key("{}");
}

TEST_F(KeysApi, PutWithoutANameKeepsItAndResetsTheRest) {
  const Json made = make_key(R"({"name":"ci","weight":5,"tokens_per_minute":10,"expires_at":"2030-01-01T00:00:00Z"})");
  const Json replaced = expect_status(200, "PUT", key_path(made), R"({"max_in_flight":2})");
  EXPECT_EQ(text_of(replaced, "name"), "ci");
  EXPECT_EQ(text_of(replaced, "weight"), "100");
  EXPECT_EQ(text_of(replaced, "expires_at"), "null");
  EXPECT_EQ(text_of(replaced, "max_in_flight"), "2");
  EXPECT_EQ(opens(text_of(made, "secret")), "ci");
  const Json unnamed = expect_status(200, "PUT", key_path(made), R"({"name":null})");
  EXPECT_EQ(text_of(unnamed, "name"), text_of(unnamed, "prefix"));
}

TEST_F(KeysApi, DisabledIsSetByItsOwnRoute) {
  const Json made = make_key();
  EXPECT_EQ(text_of(expect_status(200, "PUT", key_path(made) + "/disabled", R"({"disabled":true})"), "disabled"),
            "true");
  EXPECT_EQ(text_of(expect_status(200, "PUT", key_path(made) + "/disabled", R"({"disabled":false})"), "disabled"),
            "false");
  expect_refused(400, "PUT", key_path(made) + "/disabled", "{}", {"disabled"});
  expect_refused(400, "PUT", key_path(made) + "/disabled", R"({"disabled":1})", {"disabled"});
}

TEST_F(KeysApi, RotationKeepsTheOldSecretUntilItsGraceEnds) {
  const Json made = make_key();
  const std::string old_secret = text_of(made, "secret");
  const Json rotated = expect_status(200, "POST", key_path(made) + "/rotate", "");
  const std::string new_secret = text_of(rotated, "secret");
  EXPECT_EQ(text_of(*rotated.find("key"), "rotation"), R"({"old_secret_expires_at":"2027-01-16T08:00:00Z"})");
  EXPECT_NE(old_secret, new_secret);
  EXPECT_EQ(opens(old_secret), "ci");
  EXPECT_EQ(opens(new_secret), "ci");
  EXPECT_EQ(text_of(expect_status(200, "GET", key_path(made)), "rotation"), text_of(*rotated.find("key"), "rotation"));
  clock.pass(24LL * 3600 * 1000);
  EXPECT_EQ(opens(old_secret), std::nullopt);
  EXPECT_EQ(text_of(expect_status(200, "GET", key_path(made)), "rotation"), "null");
  const Json at_once = expect_status(200, "POST", key_path(made) + "/rotate", R"({"grace_secs":0})");
  EXPECT_EQ(text_of(*at_once.find("key"), "rotation"), "null");
  EXPECT_EQ(opens(new_secret), std::nullopt);
  EXPECT_EQ(opens(text_of(at_once, "secret")), "ci");
  expect_refused(400, "POST", key_path(made) + "/rotate", R"({"grace_secs":-1})", {"grace_secs"});
}

TEST_F(KeysApi, ListsAreByTenantOrOfAll) {
  make_key();
  const std::string other = "/tenants/" + id_of(make_tenant("b"));
  expect_status(201, "POST", other + "/keys", R"({"name":"ci"})");
  EXPECT_EQ(expect_status(200, "GET", "/keys").find("data")->items()->size(), 2U);
  EXPECT_EQ(expect_status(200, "GET", other + "/keys").find("data")->items()->size(), 1U);
  expect_status(404, "GET", "/tenants/nobody/keys");
  expect_status(404, "POST", "/tenants/nobody/keys", "{}");
  expect_refused(409, "POST", other + "/keys", R"({"name":"ci"})", {"name"});
}

TEST_F(KeysApi, DeletedKeyOpensNothing) {
  const Json made = make_key();
  expect_status(204, "DELETE", key_path(made));
  EXPECT_EQ(opens(text_of(made, "secret")), std::nullopt);
  expect_status(404, "GET", key_path(made));
  expect_status(404, "DELETE", "/keys/not-an-id");
}

TEST_F(KeysApi, EveryFaultIsToldAtOnceByItsField) {
  expect_refused(400, "POST", tenant_path_ + "/keys",
                 R"({"name":"","secret":"sk_x","prefix":"sk_","disabled":"no","expires_at":1,"tokens_per_minute":0})",
                 {"secret", "prefix", "name", "disabled", "expires_at", "tokens_per_minute"});
}

// ---- admin tokens -------------------------------------------------------------------------------------------------

using AdminTokensApi = ApiTest;

TEST_F(AdminTokensApi, ViewerReadsAndDoesNotChange) {
  const Json made = expect_status(201, "POST", "/admin-tokens", R"({"name":"grafana"})");
  EXPECT_EQ(text_of(*made.find("admin_token"), "role"), "viewer");
  const std::string viewer = text_of(made, "secret");
  for (const Route& route : api->routes().routes()) {
    if (route.stream || route.access == Access::open) continue;
    const Answered answered = ask({.method = route.method, .target = route.pattern, .token = viewer, .body = "{}"});
    if (route.access == Access::admin)
      EXPECT_EQ(answered.status, 403) << route.method << route.pattern;
    else
      EXPECT_NE(answered.status, 403) << route.method << route.pattern;
  }
  EXPECT_EQ(ask({.method = "GET", .target = "/api/v1/tenants", .token = viewer, .body = {}}).status, 200);
}

TEST_F(AdminTokensApi, CreatedAdminChangesAndIsTheActorOfTheAuditLog) {
  const Json made = expect_status(201, "POST", "/admin-tokens", R"({"name":"terraform","role":"admin"})");
  const std::string secret = text_of(made, "secret");
  EXPECT_FALSE(is_well_formed_key(secret)) << "an admin token must not look like a tenant's key";
  const Asked create{.method = "POST", .target = "/api/v1/tenants", .token = secret, .body = R"({"name":"a"})"};
  EXPECT_EQ(ask(create).status, 201);
  const Json entries = expect_status(200, "GET", "/audit?actor=terraform");
  ASSERT_EQ(entries.find("data")->items()->size(), 1U);
  const Json& entry = entries.find("data")->items()->front();
  EXPECT_EQ(text_of(entry, "action"), "tenant.create");
  EXPECT_EQ(text_of(entry, "remote_address"), "10.1.2.3");
  expect_status(204, "DELETE", "/admin-tokens/" + text_of(*made.find("admin_token"), "id"));
  EXPECT_EQ(ask(create).status, 401);
}

TEST_F(AdminTokensApi, NoTokenOrAWrongOneIsRefusedEverywhere) {
  const Json key_tenant = make_tenant("a");
  const Json key = expect_status(201, "POST", "/tenants/" + id_of(key_tenant) + "/keys", "{}");
  for (const std::string& token :
       {std::string(), std::string("wrong"), text_of(key, "secret"), std::string(600, 'x')}) {
    for (const Route& route : api->routes().routes()) {
      if (route.access == Access::open) continue;
      const Answered answered = ask({.method = route.method, .target = route.pattern, .token = token, .body = "{}"});
      EXPECT_EQ(answered.status, 401) << route.method << route.pattern;
      EXPECT_NE(answered.head.find("WWW-Authenticate: Bearer\r\n"), std::string::npos);
    }
    EXPECT_EQ(ask({.method = "GET", .target = "/api/v1/nothing", .token = token, .body = {}}).status, 401);
  }
}

TEST_F(AdminTokensApi, NamesAreUniqueAlsoAgainstTheConfiguration) {
  expect_status(201, "POST", "/admin-tokens", R"({"name":"x"})");
  expect_status(409, "POST", "/admin-tokens", R"({"name":"x"})");
  expect_refused(409, "POST", "/admin-tokens", R"({"name":"root"})", {"name"});
  expect_refused(400, "POST", "/admin-tokens", R"({"role":"god"})", {"name", "role"});
}

TEST_F(AdminTokensApi, ListsComeInPages) {
  for (const char* name : {"x", "y", "z"})
    expect_status(201, "POST", "/admin-tokens", to_text(Json::object({{"name", name}})));
  const Json first = expect_status(200, "GET", "/admin-tokens?limit=2");
  EXPECT_EQ(first.find("data")->items()->size(), 2U);
  const Json rest = expect_status(200, "GET", "/admin-tokens?limit=2&cursor=" + text_of(first, "next_cursor"));
  EXPECT_EQ(rest.find("data")->items()->size(), 1U);
  EXPECT_TRUE(rest.find("next_cursor")->is_null());
  for (const char* cursor : {"none", "1", "1.", ".", "x.00000000000000000000000000000001"})
    expect_refused(400, "GET", "/admin-tokens?cursor=" + std::string(cursor), "", {"cursor"});
}

TEST_F(AdminTokensApi, PagesGoOnWhereTheLastTokenToldWasDeleted) {
  for (const char* name : {"x", "y", "z"})
    expect_status(201, "POST", "/admin-tokens", to_text(Json::object({{"name", name}})));
  const Json first = expect_status(200, "GET", "/admin-tokens?limit=2");
  expect_status(204, "DELETE", "/admin-tokens/" + id_of(first.find("data")->items()->back()));
  const Json rest = expect_status(200, "GET", "/admin-tokens?limit=2&cursor=" + text_of(first, "next_cursor"));
  ASSERT_EQ(rest.find("data")->items()->size(), 1U);
  EXPECT_EQ(text_of(rest.find("data")->items()->front(), "name"), "z");
}

TEST_F(AdminTokensApi, TheFilterByNameKnowsNoCaseAndFillsPages) {
  for (const char* name : {"Grafana", "ci", "my-GRAFANA"})
    expect_status(201, "POST", "/admin-tokens", to_text(Json::object({{"name", name}})));
  const Json first = expect_status(200, "GET", "/admin-tokens?limit=1&name=grafana");
  EXPECT_EQ(text_of(first.find("data")->items()->front(), "name"), "Grafana");
  const Json rest =
      expect_status(200, "GET", "/admin-tokens?limit=1&name=grafana&cursor=" + text_of(first, "next_cursor"));
  ASSERT_EQ(rest.find("data")->items()->size(), 1U);
  EXPECT_EQ(text_of(rest.find("data")->items()->front(), "name"), "my-GRAFANA");
  EXPECT_TRUE(rest.find("next_cursor")->is_null());
}

}  // namespace
}  // namespace obleth::admin
