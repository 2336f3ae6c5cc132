#include <algorithm>
#include <coroutine>

#include "admin/api_fixture_test.hpp"

namespace obleth::admin {
namespace {

using ManagementApiTest = ApiTest;

TEST_F(ManagementApiTest, OpenPagesNeedNoToken) {
  const auto open = [this](const char* target) {
    return ask({.method = "GET", .target = target, .token = {}, .body = {}});
  };
  EXPECT_EQ(open("/health").body, "ok");
  EXPECT_EQ(open("/health?probe=7").status, 200);
  EXPECT_EQ(open("/ready").status, 200);
  EXPECT_EQ(open("/version").body, R"({"version":"1.2.3"})");
  EXPECT_EQ(open("/api/v1/openapi.json").status, 200);
  EXPECT_EQ(open("/").status, 404);
  live.not_ready_because = [] { return std::string("draining"); };
  rebuild(true);
  EXPECT_EQ(open("/ready").status, 503);
  EXPECT_NE(open("/ready").body.find("draining"), std::string::npos);
  EXPECT_EQ(open("/health").status, 200);
}

TEST_F(ManagementApiTest, UnknownPathIsNotFoundAndAWrongMethodNamesTheRightOnes) {
  EXPECT_EQ(call("GET", "/nothing").status, 404);
  EXPECT_EQ(call("GET", "/tenants/a/b/c").status, 404);
  EXPECT_EQ(call("GET", "/tenants/%zz").status, 404);
  const Answered refused = call("DELETE", "/tenants");
  EXPECT_EQ(refused.status, 405);
  EXPECT_NE(refused.head.find("Allow: GET, POST\r\n"), std::string::npos) << refused.head;
  EXPECT_EQ(call("HEAD", "/fairshare/stream").status, 405);
}

TEST_F(ManagementApiTest, HeadAnswersAsGetWithoutABody) {
  const Answered head = call("HEAD", "/tenants");
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.body.empty());
}

TEST_F(ManagementApiTest, SlashesFold) {
  EXPECT_EQ(call("GET", "//tenants/").status, 200);
}

TEST_F(ManagementApiTest, BodyThatIsNoJsonObjectIsRefused) {
  for (const char* body : {"{", "[]", "1", "null", R"({"name":"a","name":"b"})", "\x80"}) {
    const Answered refused = call("POST", "/tenants", body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_NE(refused.json().find("error"), nullptr) << refused.body;
  }
}

TEST_F(ManagementApiTest, BodyOverSixteenMebibytesIsTooLarge) {
  const Answered too_large = call("POST", "/tenants", std::string((16U << 20) + 1, ' '));
  EXPECT_EQ(too_large.status, 413);
  EXPECT_NE(too_large.body.find("The body is larger than 16 MiB."), std::string::npos) << too_large.body;
  EXPECT_EQ(call("POST", "/tenants", R"({"name":"a"})" + std::string(16'000'000, ' ')).status, 201);
}

TEST_F(ManagementApiTest, EveryWriteHasItsAuditRowsInTheSameTransaction) {
  const Json tenant = make_tenant("a");
  const std::string path = "/tenants/" + id_of(tenant);
  expect_status(200, "PATCH", path + "/weight", R"({"weight":7})");
  expect_status(201, "POST", path + "/keys", R"({"name":"ci"})");
  expect_status(201, "POST", "/models", R"({"model_name":"m","api_base":"http://v","api_key":"hidden"})");
  expect_status(200, "PUT", "/capacity", R"({"max_in_flight":9})");
  expect_status(204, "DELETE", path);
  expect_status(409, "POST", "/models", R"({"model_name":"m","api_base":"http://v"})");
  expect_status(400, "POST", "/models", "{}");
  const Json log = audit();
  std::vector<std::string> actions;
  for (const Json& row : *log.find("data")->items()) {
    actions.push_back(text_of(row, "action"));
    EXPECT_EQ(text_of(row, "actor"), "root");
    EXPECT_EQ(text_of(row, "remote_address"), "10.1.2.3");
  }
  EXPECT_EQ(actions, (std::vector<std::string>{"tenant.delete", "capacity.update", "model.create", "key.create",
                                               "tenant.update", "tenant.create"}));
  EXPECT_EQ(store->version().run_now().value(), actions.size());
  const Json& weight = (*log.find("data")->items())[4];
  EXPECT_EQ(text_of(weight, "before"), R"({"weight":100})");
  EXPECT_EQ(text_of(weight, "after"), R"({"weight":7})");
  EXPECT_EQ(text_of(weight, "target_name"), "a");
  EXPECT_EQ(to_text(log).find("hidden"), std::string::npos);
}

TEST_F(ManagementApiTest, AuditIsFilteredByWhatWasAsked) {
  const Json tenant = make_tenant("a");
  clock.pass(60'000);
  make_tenant("b");
  const auto found = [this](const char* query) {
    return expect_status(200, "GET", std::string("/audit?") + query).find("data")->items()->size();
  };
  EXPECT_EQ(found("action=tenant.create"), 2U);
  EXPECT_EQ(found("target=b"), 1U);
  EXPECT_EQ(found(("target=" + id_of(tenant)).c_str()), 1U);
  EXPECT_EQ(found("since=2027-01-15T08:00:30Z"), 1U);
  EXPECT_EQ(found("until=1800000030000"), 1U);
  EXPECT_EQ(found("actor=nobody"), 0U);
  expect_refused(400, "GET", "/audit?since=soon&until=later", "", {"since", "until"});
}

TEST_F(ManagementApiTest, CapacityIsKeptAndPublished) {
  live.snapshot = [] {
    fairshare::Snapshot snapshot;
    snapshot.capacity = 256;
    snapshot.in_flight = 5;
    snapshot.queued = 2;
    return snapshot;
  };
  rebuild(true);
  EXPECT_EQ(call("GET", "/capacity").body, R"({"max_in_flight":256,"in_flight":5,"queued":2})");
  const Json set = expect_status(200, "PUT", "/capacity", R"({"max_in_flight":64})");
  EXPECT_EQ(text_of(set, "max_in_flight"), "64");
  EXPECT_EQ(feed.count<ports::SettingsChanged>(), 1);
  const auto settings = store->all_settings().run_now().value();
  EXPECT_EQ(settings, (std::vector<std::pair<std::string, std::string>>{{"capacity", "64"}}));
  expect_refused(400, "PUT", "/capacity", R"({"max_in_flight":0})", {"max_in_flight"});
  expect_refused(400, "PUT", "/capacity", "{}", {"max_in_flight"});
}

// Who waits at it goes on when the test says so.
struct Gate {
  std::coroutine_handle<> waiting;
  [[nodiscard]] static bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> who) { waiting = who; }
  static void await_resume() {}
};

Task<void> pass(Gate& gate) {
  co_await gate;
}

TEST_F(ManagementApiTest, AChangeIsObeyedBeforeItIsAnswered) {
  Gate gate;
  obeyed = [&gate] { return pass(gate); };
  rebuild(true);
  MemoryExchange exchange({.method = "PUT",
                           .target = std::string(api_prefix) + "/capacity",
                           .token = root_token,
                           .body = R"({"max_in_flight":64})"});
  spawn(api->serve(exchange));
  EXPECT_EQ(feed.count<ports::SettingsChanged>(), 1);
  EXPECT_FALSE(exchange.started());
  gate.waiting.resume();
  EXPECT_TRUE(exchange.finished);
  EXPECT_EQ(exchange.answered.status, 200);
}

TEST_F(ManagementApiTest, AChangeThatTheReplicasCouldNotBeToldOfIsDoneWithAWarningAndCounted) {
  const auto warns = [](const Answered& answered) { return answered.head.contains("Warning: 199 obleth \""); };
  EXPECT_FALSE(warns(call("POST", "/tenants", R"({"name":"told"})")));
  feed.reaches_replicas = false;
  const Answered made = call("POST", "/tenants", R"({"name":"untold"})");
  EXPECT_EQ(made.status, 201);
  EXPECT_TRUE(warns(made));
  EXPECT_EQ(untold, 1U);
  const Answered gone = call("DELETE", "/tenants/" + id_of(made.json()));
  EXPECT_EQ(gone.status, 204);
  EXPECT_TRUE(warns(gone));
  EXPECT_EQ(untold, 2U);
  EXPECT_FALSE(warns(call("POST", "/tenants", R"({"name":"told"})"))) << "nothing was changed";
  EXPECT_FALSE(warns(call("GET", "/tenants")));
  EXPECT_EQ(untold, 2U);
}

TEST_F(ManagementApiTest, OnlyChangeableSettingsAreChanged) {
  live.settings = [] {
    return std::vector<SettingRow>{{"log_level", "info", "default", "how much is logged", true},
                                   {"listen", "0.0.0.0:8080", "default", "where", false}};
  };
  live.refuse_setting = [](std::string_view, std::string_view value) -> std::optional<std::string> {
    if (value == "debug" || value == "info") return std::nullopt;
    return "must be debug or info";
  };
  rebuild(true);
  EXPECT_EQ(expect_status(200, "GET", "/settings").find("data")->items()->size(), 2U);
  expect_status(200, "PATCH", "/settings", R"({"log_level":"debug"})");
  EXPECT_EQ(store->all_settings().run_now().value().front().second, "debug");
  expect_refused(400, "PATCH", "/settings", R"({"log_level":"loud","listen":"x","colour":1})",
                 {"log_level", "listen", "colour"});
  expect_refused(400, "PATCH", "/settings", R"({"log_level":")" + std::string(8193, 'x') + "\"}", {"log_level"});
  expect_status(200, "PATCH", "/settings", R"({"log_level":null})");
  EXPECT_TRUE(store->all_settings().run_now().value().empty());
}

TEST_F(ManagementApiTest, ASettingTakesAWholeNumberHoweverJsonSpellsIt) {
  std::vector<std::string> offered;
  live.settings = [] { return std::vector<SettingRow>{{"n_max", "16", "default", "answers", true}}; };
  live.refuse_setting = [&offered](std::string_view, std::string_view value) -> std::optional<std::string> {
    offered.emplace_back(value);
    return std::nullopt;
  };
  rebuild(true);
  for (const char* body : {R"({"n_max":30.0})", R"({"n_max":1e3})", R"({"n_max":2.5})", R"({"n_max":"7"})"})
    expect_status(200, "PATCH", "/settings", body);
  EXPECT_EQ(offered, (std::vector<std::string>{"30", "1000", "2.5", "7"}));
}

// Another replica changes the record while a change is being decided here: so many times.
TEST_F(ManagementApiTest, AChangeThatIsOvertakenIsDecidedAnewAndGivenUpAtLast) {
  int others = 1;
  live.settings = [] { return std::vector<SettingRow>{{"log_level", "info", "default", "how much is logged", true}}; };
  live.refuse_setting = [&](std::string_view, std::string_view) -> std::optional<std::string> {
    if (others-- <= 0) return std::nullopt;
    ports::Transaction theirs{.writes = {ports::PutSetting{"theirs", std::to_string(others)}}, .audit = {}, .seen = {}};
    EXPECT_TRUE(store->commit(std::move(theirs)).run_now());
    return std::nullopt;
  };
  rebuild(true);
  expect_status(200, "PATCH", "/settings", R"({"log_level":"debug"})");
  EXPECT_EQ(store->version().run_now().value(), 2U);
  EXPECT_EQ(audit().find("data")->items()->size(), 1U) << "it was done once";
  others = 1000;
  const Answered refused = call("PATCH", "/settings", R"({"log_level":"warn"})");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.head.find("Retry-After: 1\r\n"), std::string::npos) << refused.head;
  others = 0;
  expect_status(200, "PATCH", "/settings", R"({"log_level":"warn"})");
}

TEST_F(ManagementApiTest, RowsOfOneMillisecondAreListedInTheOrderInWhichTheyWereMade) {
  std::vector<std::string> made;
  for (int row = 0; row < 20; ++row)
    made.push_back(text_of(make_tenant("t" + std::to_string(row)), "name"));
  const auto told = [this](const char* path, const char* field) {
    std::vector<std::string> names;
    const Json list = expect_status(200, "GET", path);
    for (const Json& row : *list.find("data")->items())
      names.push_back(text_of(row, field));
    return names;
  };
  EXPECT_EQ(told("/tenants", "name"), made);
  std::ranges::reverse(made);
  EXPECT_EQ(told("/audit", "target_name"), made);
}

TEST_F(ManagementApiTest, NoTextHoldsANulWhicheverTheRecordIs) {
  live.settings = [] { return std::vector<SettingRow>{{"log_level", "info", "default", "how much is logged", true}}; };
  rebuild(true);
  expect_refused(400, "POST", "/tenants", R"({"name":"a","description":"b\u0000c"})", {"description"});
  expect_refused(400, "PATCH", "/settings", R"({"log_level":"de\u0000bug"})", {"log_level"});
  expect_refused(400, "POST", "/apply", R"({"tenants":[{"name":"a\u0000"},{"name":"b","description":"\u0000"}]})",
                 {"tenants[0].name", "tenants[1].description"});
  EXPECT_EQ(store->version().run_now().value(), 0U);
}

TEST_F(ManagementApiTest, PathsAndQueriesAreText) {
  for (const char* name : {"%ff", "a%00b", "%ed%a0%80"}) {
    EXPECT_EQ(call("GET", std::string("/tenants/") + name).status, 404) << name;
    EXPECT_EQ(call("GET", std::string("/tenants?name=") + name).status, 400) << name;
  }
}

}  // namespace
}  // namespace obleth::admin
