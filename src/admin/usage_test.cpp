#include "adapters/sqlite/sqlite_usage_ledger.hpp"
#include "admin/api_fixture_test.hpp"
#include "admin/usage_row_columns.hpp"
#include "base/temporary_folder_test.hpp"
#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::admin {
namespace {

// The columns of the ledger, by the names that the documentation gives them.
constexpr std::array documented_columns{"event_id",
                                        "client_request_id",
                                        "ts",
                                        "tenant_id",
                                        "key_id",
                                        "group",
                                        "model",
                                        "upstream_model",
                                        "endpoint",
                                        "route",
                                        "stream",
                                        "admission",
                                        "status",
                                        "error_code",
                                        "input_tokens",
                                        "cached_tokens",
                                        "output_tokens",
                                        "reasoning_tokens",
                                        "fair_estimate",
                                        "hold_estimate",
                                        "usage_source",
                                        "queue_ms",
                                        "ttft_ms",
                                        "total_ms",
                                        "overhead_us",
                                        "fairshare_cost",
                                        "fairshare_key",
                                        "fairshare_v",
                                        "slot_ms",
                                        "gpu_ms",
                                        "weight",
                                        "cost",
                                        "cache",
                                        "tokens_saved",
                                        "brownout_cap",
                                        "retries",
                                        "session_id",
                                        "user_agent_family",
                                        "mcp_server",
                                        "mcp_method",
                                        "mcp_tool"};

class UsageApi : public ApiTest {
 protected:
  UsageApi() : ledger(std::move(*adapters::SqliteUsageLedger::open({.path = folder.file("usage.db")}))) {
    usage = ledger.get();
    rebuild(true);
    tenant = TenantId::from_text(id_of(make_tenant("search"))).value_or(TenantId{});
    const Json made = expect_status(201, "POST", "/tenants/search/keys", R"({"name":"ci"})");
    key = KeyId::from_text(text_of(*made.find("key"), "id")).value_or(KeyId{});
  }

  // Of the tenant above, ending so long before the clock's now.
  UsageRecord row(std::uint64_t serial, std::int64_t ms_ago) {
    UsageRecord row = adapters::a_row(serial, clock.wall_now().unix_ms - ms_ago);
    row.tenant_id = tenant;
    row.key_id = key;
    return row;
  }
  void deliver(const std::vector<UsageRecord>& rows) {
    const ports::UsageBatch batch{{.segment = {1, 1}, .begin = delivered, .end = delivered + 10}, rows};
    delivered += 10;
    ASSERT_TRUE(ledger->deliver(batch).run_now());
  }
  std::vector<std::string> ids_at(const std::string& path) {
    const Json page = expect_status(200, "GET", path);
    std::vector<std::string> ids;
    for (const Json& item : *page.find("data")->items())
      ids.push_back(text_of(item, "event_id"));
    return ids;
  }

  TemporaryFolder folder;
  std::unique_ptr<adapters::SqliteUsageLedger> ledger;
  TenantId tenant;
  KeyId key;
  std::uint64_t delivered = 0;
};

TEST_F(UsageApi, RowHasEveryDocumentedColumnByItsName) {
  deliver({row(1, 1000)});
  const Json page = expect_status(200, "GET", "/usage/requests");
  ASSERT_EQ(page.find("data")->items()->size(), 1U);
  const Json& shown = page.find("data")->items()->front();
  for (const char* column : documented_columns)
    EXPECT_NE(shown.find(column), nullptr) << column;
  EXPECT_EQ(text_of(shown, "event_id"), row(1, 0).event_id.hex());
  EXPECT_EQ(text_of(shown, "ts"), std::to_string(clock.wall_now().unix_ms - 1000));
  EXPECT_EQ(text_of(shown, "tenant_id"), tenant.uuid());
  EXPECT_EQ(text_of(shown, "tenant"), "search");
  EXPECT_EQ(text_of(shown, "key_id"), key.uuid());
  EXPECT_EQ(text_of(shown, "key"), "ci");
  EXPECT_EQ(text_of(shown, "admission"), "brownout");
  EXPECT_EQ(text_of(shown, "usage_source"), "counted");
  EXPECT_EQ(text_of(shown, "cache"), "miss");
  EXPECT_EQ(text_of(shown, "cost"), "1234567");
  EXPECT_EQ(text_of(shown, "cost_usd"), "0.001234567");
  EXPECT_EQ(text_of(shown, "input_tokens"), "100");
  EXPECT_EQ(text_of(shown, "stream"), "true");
  EXPECT_EQ(expect_status(200, "GET", "/usage/requests/" + text_of(shown, "event_id")), shown);
}

TEST_F(UsageApi, AbsentValuesAreNull) {
  UsageRecord plain;
  plain.event_id = EventId{{1, 2}};
  plain.ts = clock.wall_now();
  plain.tenant_id = tenant;
  plain.key_id = key;
  deliver({plain});
  const Json shown = expect_status(200, "GET", "/usage/requests/" + plain.event_id.hex());
  for (const char* column : {"client_request_id", "model", "error_code", "ttft_ms", "brownout_cap", "session_id",
                             "user_agent_family", "mcp_server", "mcp_method", "mcp_tool"}) {
    EXPECT_TRUE(shown.find(column)->is_null()) << column;
  }
}

TEST_F(UsageApi, MissingRequestIsNotFound) {
  expect_status(404, "GET", "/usage/requests/00000000000000000000000000000001");
  expect_status(404, "GET", "/usage/requests/nonsense");
}

TEST_F(UsageApi, PagesByTheirCursorNewestFirst) {
  deliver({row(1, 3000), row(2, 2000), row(3, 1000)});
  const Json first = expect_status(200, "GET", "/usage/requests?limit=2");
  EXPECT_EQ(first.find("data")->items()->size(), 2U);
  const std::string cursor = text_of(first, "next_cursor");
  const std::vector<std::string> rest = ids_at("/usage/requests?limit=2&cursor=" + cursor);
  EXPECT_EQ(rest, std::vector{row(1, 0).event_id.hex()});
  EXPECT_TRUE(expect_status(200, "GET", "/usage/requests?limit=3").find("next_cursor")->is_null());
}

TEST_F(UsageApi, EveryFilterIsUnderstood) {
  UsageRecord other = row(2, 2000);
  other.tenant_id = adapters::nth_tenant(9);
  other.tenant = "gone";
  other.key_id = adapters::nth_key(9);
  other.model = "other";
  other.route = "/v1/embeddings";
  other.status = 502;
  other.admission = AdmissionOutcome::fast;
  other.client_request_id = "mine";
  deliver({row(1, 1000), other});
  const std::vector<std::string> only_other{other.event_id.hex()};
  const std::string then = std::to_string(other.ts.unix_ms);
  for (const std::string& filter :
       {"tenant=" + other.tenant_id.uuid(), std::string("tenant=gone"), "key=" + other.key_id.uuid(),
        std::string("model=other"), std::string("route=/v1/embeddings"), std::string("route=%2Fv1%2Fembeddings"),
        std::string("status=502"), std::string("admission=fast"), std::string("client_request_id=mine"),
        "event_id=" + other.event_id.hex(), "event_id=" + other.event_id.uuid(),
        "since=" + then + "&until=" + std::to_string(other.ts.unix_ms + 1)}) {
    EXPECT_EQ(ids_at("/usage/requests?" + filter), only_other) << filter;
  }
  const std::vector<std::string> only_ours{row(1, 0).event_id.hex()};
  for (const std::string& filter :
       {std::string("tenant=search"), std::string("key=ci"), "key=" + key.uuid(),
        "since=" + to_rfc3339({other.ts.unix_ms + 1}), std::string("group=online&model=llama")})
    EXPECT_EQ(ids_at("/usage/requests?" + filter), only_ours) << filter;
  for (const char* filter : {"tenant=nobody", "key=nothing", "model=none", "route=/none", "status=418"})
    EXPECT_TRUE(ids_at(std::string("/usage/requests?") + filter).empty()) << filter;
}

TEST_F(UsageApi, RefusalsNameEveryFieldAtFault) {
  expect_refused(400, "GET", "/usage/requests?since=x&until=y&status=1000&admission=slow&event_id=z", "",
                 {"since", "until", "status", "admission", "event_id"});
  expect_refused(400, "GET", "/usage/summary?tenant=&key=&model=&group=", "", {"tenant", "key", "model", "group"});
  expect_refused(400, "GET", "/usage/requests?route=&client_request_id=", "", {"route", "client_request_id"});
  expect_refused(400, "GET", "/usage/requests?limit=501", "", {"limit"});
  expect_refused(400, "GET", "/usage/requests?cursor=x", "", {"cursor"});
  expect_refused(400, "GET", "/usage/requests?colour=red", "", {"colour"});
  expect_refused(400, "GET", "/usage/summary?since=5&until=4", "", {"until"});
  expect_refused(400, "GET", "/usage/series?bucket=week", "", {"bucket"});
  expect_refused(400, "GET", "/usage/series?group_by=colour", "", {"group_by"});
  expect_refused(400, "GET", "/usage/series?bucket=minute&since=0", "", {"bucket"});
  expect_refused(400, "GET", "/usage/series?limit=51", "", {"limit"});
  expect_refused(400, "GET", "/costs?limit=0", "", {"limit"});
  expect_status(404, "GET", "/tenants/nobody/usage");
  expect_status(404, "GET", "/tenants/" + adapters::nth_tenant(5).uuid() + "/usage");
}

TEST_F(UsageApi, NameOfSeveralKeysIsRefusedUnlessTheTenantIsNamed) {
  make_tenant("other");
  expect_status(201, "POST", "/tenants/other/keys", R"({"name":"ci"})");
  deliver({row(1, 1000)});
  expect_refused(400, "GET", "/usage/requests?key=ci", "", {"key"});
  EXPECT_EQ(ids_at("/usage/requests?key=ci&tenant=search").size(), 1U);
}

TEST_F(UsageApi, SummaryAddsUpWhatEnded) {
  UsageRecord refused = row(2, 2000);
  refused.admission = AdmissionOutcome::refused;
  refused.status = 429;
  refused.tokens = {};
  refused.cost = {};
  deliver({row(1, 1000), refused, row(3, 40 * 86'400'000LL)});
  const Json sums = expect_status(200, "GET", "/usage/summary");
  EXPECT_EQ(text_of(sums, "requests"), "2") << "the span is 30 days where nothing is asked for";
  EXPECT_EQ(text_of(sums, "refusals"), "1");
  EXPECT_EQ(text_of(sums, "errors"), "0");
  EXPECT_EQ(text_of(sums, "input_tokens"), "100");
  EXPECT_EQ(text_of(sums, "total_tokens"), "150");
  EXPECT_EQ(text_of(sums, "cost_usd"), "0.001234567");
  EXPECT_EQ(text_of(*sums.find("latency")->find("ttft_ms"), "p50"), "124");
  EXPECT_EQ(text_of(expect_status(200, "GET", "/usage/summary?since=0"), "requests"), "3");
  EXPECT_EQ(text_of(expect_status(200, "GET", "/usage/summary?model=none"), "requests"), "0");
}

TEST_F(UsageApi, SeriesHasALineForEachGroup) {
  UsageRecord other = row(2, 3'600'000);
  other.tenant_id = adapters::nth_tenant(9);
  other.tenant = "gone";
  other.cost = {1};
  deliver({row(1, 1000), other});
  const Json series = expect_status(200, "GET", "/usage/series?bucket=hour&group_by=tenant");
  EXPECT_EQ(text_of(series, "bucket"), "hour");
  EXPECT_EQ(text_of(series, "group_by"), "tenant");
  const Json::List& lines = *series.find("data")->items();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(text_of(lines[0], "tenant"), "search");
  EXPECT_EQ(text_of(lines[1], "tenant"), "gone");
  EXPECT_EQ(text_of(lines[1], "tenant_id"), adapters::nth_tenant(9).uuid());
  const Json& point = lines[1].find("points")->items()->front();
  EXPECT_EQ(text_of(point, "ts"), std::to_string(other.ts.unix_ms / 3'600'000 * 3'600'000));
  EXPECT_EQ(text_of(point, "requests"), "1");
  const Json whole = expect_status(200, "GET", "/usage/series?bucket=day");
  EXPECT_TRUE(whole.find("group_by")->is_null());
  EXPECT_EQ(whole.find("data")->items()->size(), 1U);
  for (const char* by : {"key", "model", "group"})
    expect_status(200, "GET", std::string("/usage/series?bucket=minute&group_by=") + by);
}

TEST_F(UsageApi, CostsTellTotalsAndWhoseTheyAre) {
  UsageRecord other = row(2, 2000);
  other.key_id = adapters::nth_key(9);
  other.model.clear();
  deliver({row(1, 1000), other});
  const Json costs = expect_status(200, "GET", "/costs");
  EXPECT_EQ(text_of(*costs.find("total"), "cost"), "2469134");
  EXPECT_EQ(text_of(costs.find("tenants")->items()->front(), "cost_usd"), "0.002469134");
  const Json::List& keys = *costs.find("keys")->items();
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(text_of(keys[0], "tenant"), "search");
  EXPECT_TRUE(keys[1].find("key")->is_null()) << "a key that is not there any more has its id";
  EXPECT_EQ(costs.find("models")->items()->size(), 2U);
  EXPECT_EQ(text_of(costs.find("groups")->items()->front(), "group"), "online");
}

TEST_F(UsageApi, TenantsUsageOutlivesTheTenant) {
  deliver({row(1, 1000)});
  const Json before = expect_status(200, "GET", "/tenants/search/usage");
  EXPECT_EQ(text_of(before, "requests"), "1");
  EXPECT_EQ(text_of(before.find("keys")->items()->front(), "key"), "ci");
  EXPECT_EQ(text_of(before.find("models")->items()->front(), "model"), "llama");
  expect_status(204, "DELETE", "/tenants/search");
  const Json after = expect_status(200, "GET", "/tenants/" + tenant.uuid() + "/usage");
  EXPECT_EQ(text_of(after, "requests"), "1");
  EXPECT_EQ(text_of(after, "tenant"), "search");
  EXPECT_EQ(ids_at("/usage/requests?tenant=search").size(), 1U);
}

TEST_F(UsageApi, ExportIsCsvThatRunsNothing) {
  UsageRecord odd = row(1, 2000);
  odd.client_request_id = "=HYPERLINK(\"http://x\",\"y\")";
  odd.session_id = "+1";
  odd.fairshare_key = -5;
  deliver({row(2, 1000), odd});
  const Answered answered = call("GET", "/usage/export.csv");
  EXPECT_EQ(answered.status, 200);
  EXPECT_NE(answered.head.find("Content-Type: text/csv\r\n"), std::string::npos);
  std::vector<std::string> lines;
  std::size_t at = 0;
  for (std::size_t end = answered.body.find("\r\n"); end != std::string::npos; end = answered.body.find("\r\n", at)) {
    lines.push_back(answered.body.substr(at, end - at));
    at = end + 2;
  }
  ASSERT_EQ(lines.size(), 3U) << answered.body;
  EXPECT_EQ(at, answered.body.size());
  EXPECT_TRUE(lines[0].starts_with("event_id,client_request_id,ts,tenant_id,tenant,key_id,key,group,")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with(odd.event_id.hex() + ",\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",")) << lines[1];
  EXPECT_NE(lines[1].find(",'+1,"), std::string::npos) << lines[1];
  EXPECT_NE(lines[1].find(",-5,"), std::string::npos) << "numbers are no formulas";
  EXPECT_NE(lines[2].find("0.001234567"), std::string::npos);
}

TEST_F(UsageApi, ExportGoesOnOverManyPagesAndTakesFilters) {
  std::vector<UsageRecord> rows;
  for (std::uint64_t serial = 1; serial <= 1203; ++serial) {
    rows.push_back(row(serial, static_cast<std::int64_t>(serial)));
    rows.back().status = serial % 3 == 0 ? 502 : 200;
  }
  deliver(rows);
  const auto lines_of = [this](const std::string& path) { return std::ranges::count(call("GET", path).body, '\n'); };
  EXPECT_EQ(lines_of("/usage/export.csv"), 1204);
  EXPECT_EQ(lines_of("/usage/export.csv?status=502"), 402);
  EXPECT_EQ(lines_of("/usage/export.csv?tenant=nobody"), 1);
  expect_refused(400, "GET", "/usage/export.csv?status=x", "", {"status"});
}

TEST_F(UsageApi, ViewerMayRead) {
  const Json made = expect_status(201, "POST", "/admin-tokens", R"({"name":"eyes","role":"viewer"})");
  const Asked asked{.method = "GET", .target = "/api/v1/costs", .token = text_of(made, "secret"), .body = {}};
  EXPECT_EQ(ask(asked).status, 200);
}

TEST_F(UsageApi, GatewayWithoutALedgerSaysSo) {
  usage = nullptr;
  rebuild(true);
  for (const char* path : {"/usage/summary", "/usage/series", "/usage/requests", "/usage/requests/1", "/costs",
                           "/tenants/search/usage", "/usage/export.csv"})
    expect_status(503, "GET", path);
}

TEST(NanoUsdJson, NoNumberPassesWhatFloatingPointHoldsExactly) {
  EXPECT_EQ(to_text(nano_usd_json({1LL << 53})), "9007199254740992");
  EXPECT_TRUE(nano_usd_json({(1LL << 53) + 1}).is_null());
}

}  // namespace
}  // namespace obleth::admin
