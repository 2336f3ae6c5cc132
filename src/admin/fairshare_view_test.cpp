#include "admin/api_fixture_test.hpp"
#include "admin/step_loop_test.hpp"

namespace obleth::admin {
namespace {

class FairshareApi : public ApiTest {
 protected:
  FairshareApi() {
    live.snapshot = [this] { return snapshot; };
    live.draining = [this] { return draining; };
    rebuild(true);
    const Json tenant = make_tenant("chat");
    const Tenant record = store->find_tenant("chat").run_now()->value();
    snapshot.capacity = 4;
    snapshot.in_flight = 3;
    snapshot.groups.push_back({.group = record.group, .weight = 100});
    snapshot.tenants.push_back({.tenant = record.id, .group = record.group, .weight = 50, .in_flight = 3});
    snapshot.tenants.push_back({.tenant = TenantId{{1, 2}}, .group = GroupId{{3, 4}}});
  }
  // Names are looked up on the store's own thread, which a loop turned by hand does not wait for.
  void have_nothing_to_name() { snapshot = {}; }
  static std::size_t events_in(const std::string& body) {
    std::size_t events = 0;
    for (std::size_t at = body.find("event: snapshot\ndata: {"); at != std::string::npos;
         at = body.find("event: ", at + 1))
      ++events;
    return events;
  }

  fairshare::Snapshot snapshot;
  bool draining = false;
};

TEST_F(FairshareApi, SnapshotNamesTenantsAndGroups) {
  const Json live_now = expect_status(200, "GET", "/fairshare/live");
  EXPECT_EQ(text_of(live_now, "capacity"), "4");
  const Json::List& tenants = *live_now.find("tenants")->items();
  ASSERT_EQ(tenants.size(), 2U);
  EXPECT_EQ(text_of(tenants[0], "tenant"), "chat");
  EXPECT_EQ(text_of(tenants[0], "group"), "default");
  EXPECT_EQ(text_of(tenants[0], "in_flight"), "3");
  EXPECT_EQ(text_of(tenants[1], "tenant"), "00000000-0000-0001-0000-000000000002") << "a deleted tenant keeps its id";
}

TEST_F(FairshareApi, StreamTellsOneSnapshotASecondUntilTheClientLeaves) {
  have_nothing_to_name();
  StepLoop loop;
  MemoryExchange exchange({.method = "GET", .target = "/api/v1/fairshare/stream", .token = root_token, .body = {}});
  spawn(api->serve(exchange));
  EXPECT_EQ(exchange.answered.status, 200);
  EXPECT_NE(exchange.answered.head.find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_EQ(events_in(exchange.answered.body), 1U);
  loop.turn(std::chrono::milliseconds(500));
  EXPECT_EQ(events_in(exchange.answered.body), 1U);
  loop.turn(std::chrono::milliseconds(500));
  loop.turn(std::chrono::seconds(1));
  EXPECT_EQ(events_in(exchange.answered.body), 3U);
  exchange.departure().fire();
  EXPECT_EQ(loop.timers(), 0U);
  EXPECT_FALSE(exchange.finished);
}

TEST_F(FairshareApi, StreamEndsWhenTheGatewayDrains) {
  have_nothing_to_name();
  StepLoop loop;
  MemoryExchange exchange({.method = "GET", .target = "/api/v1/fairshare/stream", .token = root_token, .body = {}});
  spawn(api->serve(exchange));
  draining = true;
  loop.turn(std::chrono::seconds(1));
  EXPECT_TRUE(exchange.finished);
  EXPECT_EQ(events_in(exchange.answered.body), 1U);
}

TEST_F(FairshareApi, StreamNeedsATokenAndAScheduler) {
  EXPECT_EQ(ask({.method = "GET", .target = "/api/v1/fairshare/stream", .token = "wrong", .body = {}}).status, 401);
  live.snapshot = {};
  rebuild(true);
  EXPECT_EQ(call("GET", "/fairshare/live").status, 503);
  const Answered refused = call("GET", "/fairshare/stream");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.json().find("error"), nullptr);
}

}  // namespace
}  // namespace obleth::admin
