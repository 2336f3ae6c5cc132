#include "admin/api_fixture_test.hpp"
#include "admin/scalar_text.hpp"
#include "admin/step_loop_test.hpp"

namespace obleth::admin {
namespace {

class FairshareApi : public ApiTest {
 protected:
  FairshareApi() {
    live.snapshot = [this] { return snapshot; };
    live.draining = [this] { return draining; };
    live.history = [this](const fairshare::HistoryRange& range) { return history.within(range); };
    live.explain = [this](const fairshare::Sought& sought) { return fairshare::explain(recent, sought); };
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

  MemoryExchange& open_stream() {
    streams.push_back(std::make_unique<MemoryExchange>(
        Asked{.method = "GET", .target = "/api/v1/fairshare/stream", .token = root_token, .body = {}}));
    spawn(api->serve(*streams.back()));
    return *streams.back();
  }

  std::vector<std::unique_ptr<MemoryExchange>> streams;
  fairshare::Snapshot snapshot;
  fairshare::ShareHistory history;
  fairshare::RecentDispatches recent;
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

TEST_F(FairshareApi, StreamsAreBoundedAndAPlaceIsFreeAgainWhenAReaderLeaves) {
  live.streams_max = 2;
  rebuild(true);
  have_nothing_to_name();
  StepLoop loop;
  MemoryExchange& first = open_stream();
  EXPECT_EQ(open_stream().answered.status, 200);
  const MemoryExchange& refused = open_stream();
  EXPECT_EQ(refused.answered.status, 429);
  EXPECT_NE(refused.answered.body.find("too_many_streams"), std::string::npos);
  EXPECT_NE(refused.answered.head.find("Retry-After: 10\r\n"), std::string::npos);
  EXPECT_EQ(call("GET", "/fairshare/live").status, 200);
  first.departure().fire();
  EXPECT_EQ(open_stream().answered.status, 200);
  api->end_streams();
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

TEST_F(FairshareApi, SnapshotTellsSharesLagAndWhatIsToBeExpected) {
  fairshare::NodeShare& chat = snapshot.tenants[0];
  chat.entitled_ppm = 250'000;
  chat.received_ppm = 1;
  chat.lag = -1024;
  chat.predicted_wait = std::chrono::milliseconds(1500);
  chat.max_in_flight = 7;
  const Json live_now = expect_status(200, "GET", "/fairshare/live");
  const Json& told = (*live_now.find("tenants")->items())[0];
  EXPECT_EQ(text_of(told, "entitled_ratio"), "0.25");
  EXPECT_EQ(text_of(told, "received_ratio"), "0.000001");
  EXPECT_EQ(text_of(told, "lag"), "-1024");
  EXPECT_EQ(text_of(told, "lag_millitokens"), "-50000") << "at a weight of 50";
  EXPECT_EQ(text_of(told, "predicted_wait_ms"), "1500");
  EXPECT_EQ(text_of(told, "max_in_flight"), "7");
  EXPECT_EQ(text_of((*live_now.find("tenants")->items())[1], "predicted_wait_ms"), "null");
}

TEST_F(FairshareApi, SnapshotIsBoundedAndSaysHowManyThereAre) {
  snapshot.tenants.resize(5000);
  for (std::size_t at = 0; at < snapshot.tenants.size(); ++at)
    snapshot.tenants[at] = {.tenant = TenantId{{1, at}}, .queued = at % 5 == 0 ? 1U : 0U};
  snapshot.tenants_known = snapshot.tenants.size();
  const Json live_now = expect_status(200, "GET", "/fairshare/live");
  EXPECT_EQ(text_of(live_now, "tenants_total"), "5000");
  ASSERT_EQ(live_now.find("tenants")->items()->size(), 1000U);
  for (const Json& tenant : *live_now.find("tenants")->items())
    EXPECT_EQ(text_of(tenant, "queued"), "1") << "those with requests come first";
}

TEST_F(FairshareApi, ManyReadersShareOneSnapshot) {
  int asked = 0;
  have_nothing_to_name();
  live.snapshot = [this, &asked] {
    ++asked;
    return snapshot;
  };
  rebuild(true);
  StepLoop loop;
  for (int reader = 0; reader < 20; ++reader)
    open_stream();
  loop.turn(std::chrono::seconds(1));
  EXPECT_EQ(asked, 2);
  for (const auto& stream : streams)
    EXPECT_EQ(stream->answered.body, streams.front()->answered.body);
  EXPECT_EQ(events_in(streams.front()->answered.body), 2U);
  api->end_streams();
}

TEST_F(FairshareApi, StreamsGetTheirEndAtOnceWhenTheGatewayStops) {
  have_nothing_to_name();
  StepLoop loop;
  const MemoryExchange& first = open_stream();
  const MemoryExchange& second = open_stream();
  api->end_streams();
  EXPECT_TRUE(first.finished);
  EXPECT_TRUE(second.finished);
  EXPECT_EQ(loop.timers(), 0U);
}

TEST_F(FairshareApi, HistoryIsPagedBackwardsInTime) {
  for (std::int64_t second = 1; second <= 5; ++second)
    history.keep(WallTime{second * 1000}, snapshot);
  const Json page = expect_status(200, "GET", "/fairshare/history?limit=2&until=5000");
  ASSERT_EQ(page.find("data")->items()->size(), 2U);
  const Json& latest = (*page.find("data")->items())[0];
  EXPECT_EQ(text_of(latest, "at"), "1970-01-01T00:00:04Z");
  EXPECT_EQ(text_of((*latest.find("tenants")->items())[0], "tenant"), "chat");
  const Json next = expect_status(200, "GET", "/fairshare/history?limit=2&cursor=" + text_of(page, "next_cursor"));
  EXPECT_EQ(text_of((*next.find("data")->items())[0], "at"), "1970-01-01T00:00:02Z");
  const Json since = expect_status(200, "GET", "/fairshare/history?since=1970-01-01T00:00:05Z");
  EXPECT_EQ(since.find("data")->items()->size(), 1U);
  EXPECT_EQ(text_of(since, "next_cursor"), "null");
  expect_refused(400, "GET", "/fairshare/history?since=yesterday", {}, {"since"});
}

TEST_F(FairshareApi, ExplainsInWordsWhyARequestWaited) {
  const fairshare::NodeShare& chat = snapshot.tenants[0];
  const Instant now = clock.now();
  const auto dispatch = [&](std::uint64_t number, TenantId tenant, std::uint32_t weight) {
    return fairshare::Dispatch{.mark = {.request = EventId{{0, number}}, .requested_cap = 1024},
                               .tenant = tenant,
                               .group = chat.group,
                               .arrived = now - std::chrono::milliseconds(4200),
                               .dispatched = now,
                               .cost = {300'000},
                               .output_cap = 1024,
                               .weight = weight,
                               .cause = fairshare::WaitCause::pool_full};
  };
  recent.dispatches = {dispatch(1, TenantId{{1, 2}}, 500), dispatch(2, chat.tenant, 50)};
  fairshare::Dispatch& told = recent.dispatches.back();
  told.position = 3;
  told.key = 2048;
  told.virtual_time = 1024;
  told.output_cap = 256;
  told.mark.cut_by = fairshare::CutBy::saturation;
  told.mark.client_mark = fairshare::client_mark_of("order 7");
  const Json json = expect_status(200, "GET", "/fairshare/explain/" + EventId{{0, 2}}.hex());
  EXPECT_EQ(text_of(json, "summary"),
            "It waited 4.2 s because, when it came, every slot was taken. 3 requests of its own tenant were ahead of "
            "it. Meanwhile 1 request went first: 0 % of their cost was its own tenant's, 100 % that of "
            "00000000-0000-0001-0000-000000000002 (weight 500 against 50). It went when, of all that waited, "
            "its tenant had received the least for its weight, what it was running counted in. Its answer was limited "
            "to 256 tokens instead of "
            "1024, because its tenant's requests wait longer than the brownout threshold.");
  EXPECT_EQ(text_of(json, "tenant"), "chat");
  EXPECT_EQ(text_of(json, "queue_ms"), "4200");
  EXPECT_EQ(text_of(json, "dispatched_at"), to_rfc3339(clock.wall_now()));
  EXPECT_EQ(text_of(json, "ahead_millitokens"), "50000");
  EXPECT_EQ(text_of(*json.find("brownout"), "reason"), "saturation");
  EXPECT_EQ(text_of(*json.find("served_meanwhile"), "requests"), "1");
  const Json by_client = expect_status(200, "GET", "/fairshare/explain/order%207");
  EXPECT_EQ(text_of(by_client, "request_id"), told.mark.request.hex());
}

TEST_F(FairshareApi, WhatTheRingNoLongerHoldsIsNotFoundAndSaysWhereToLook) {
  const Json refused = expect_status(404, "GET", "/fairshare/explain/" + EventId{{0, 9}}.hex());
  EXPECT_NE(text_of(*refused.find("error"), "message").find("not among the last 20000"), std::string::npos);
  EXPECT_NE(text_of(*refused.find("error"), "message").find("usage ledger"), std::string::npos);
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
