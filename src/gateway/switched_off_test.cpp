#include "gateway/switched_off.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

struct SwitchOff {
  int status;
  std::string code;
  void (*act)(TestGateway& gateway);
};

fairshare::Event tenant_off() {
  const Tenant tenant = some_key().tenant;
  return fairshare::SetTenant{.tenant = tenant.id, .group = tenant.group, .admits = false};
}

TEST(SwitchedOff, WhoWaitsIsToldWhatWhoComesIsTold) {
  const std::vector<SwitchOff> cases = {
      {403, "key_disabled", [](TestGateway& gateway) { gateway.who().key.disabled = true; }},
      {403, "tenant_suspended", [](TestGateway& gateway) { gateway.who().tenant.status = TenantStatus::suspended; }},
      {401, "invalid_api_key", [](TestGateway& gateway) { gateway.keys.known.clear(); }},
      {404, "model_not_found", [](TestGateway& gateway) { gateway.model().enabled = false; }},
      {404, "model_not_found", [](TestGateway& gateway) { gateway.catalog.models.clear(); }},
      // The store cannot say, or it is on again already: refused all the same.
      {403, "key_disabled", [](TestGateway& gateway) { gateway.keys.unavailable = true; }},
      {403, "key_disabled", [](TestGateway&) {}},
  };
  for (const SwitchOff& one : cases) {
    TestGateway gateway({.admission = {.capacity = 1}});
    gateway.upstream.always_answers(ScriptedAnswer{.head_takes = hours(1)});
    const auto running = gateway.begin(chat());
    const auto waiting = gateway.begin(chat());
    one.act(gateway);
    gateway.desk.configure(tenant_off(), gateway.loop.now());
    gateway.loop.advance(Duration{0});
    ASSERT_TRUE(waiting->ended) << one.code;
    EXPECT_EQ(waiting->client.status, one.status);
    EXPECT_EQ(error_member(waiting->client, "code"), one.code);
    EXPECT_TRUE(waiting->client.header("Server-Timing"));
    EXPECT_EQ(gateway.row_of(*waiting).text("admission"), "refused");
    EXPECT_EQ(gateway.ledger.settles.front().reservation, waiting->id);
  }
}

TEST(SwitchedOff, WhoWaitedIsServedByWhatItsModelIsNowAtThePriceOfItsArrival) {
  TestGateway gateway({.admission = {.capacity = 1}});
  gateway.upstream.always_answers(good_answer());
  gateway.upstream.will_answer(ScriptedAnswer{.head_takes = seconds(1)});
  const auto running = gateway.begin(chat());
  const auto waiting = gateway.begin(chat());
  gateway.model().upstream_model = "its-successor";
  gateway.model().endpoints = {{.id = EndpointId{{5, 2}}, .api_base = "http://two:8000/v1"}};
  gateway.model().output_cost_per_token = {50'000};
  gateway.finish(*waiting);
  EXPECT_EQ(waiting->client.status, 200);
  EXPECT_EQ(gateway.upstream.requests.back().authority, "two:8000");
  EXPECT_NE(gateway.upstream.requests.back().body.find("its-successor"), std::string::npos);
  EXPECT_EQ(gateway.journal.rows.back().upstream_model, "its-successor");
  EXPECT_EQ(gateway.ledger.settles.back().cost.value, 10 * 2 + 20 * 5) << "so much was reserved for it";
}

TEST(SwitchedOff, WhoWaitedForAModelWithoutEndpointsIsToldSo) {
  TestGateway gateway({.admission = {.capacity = 1}});
  gateway.upstream.always_answers(ScriptedAnswer{.head_takes = seconds(1)});
  const auto running = gateway.begin(chat());
  const auto waiting = gateway.begin(chat());
  gateway.model().endpoints.front().enabled = false;
  gateway.finish(*waiting);
  EXPECT_EQ(error_member(waiting->client, "code"), "upstream_unreachable");
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
}

TEST(SwitchedOff, AnAliasThatIsAnotherModelsNowLeavesWhoWaitedWithItsOwn) {
  TestGateway gateway({.admission = {.capacity = 1}});
  gateway.upstream.always_answers(ScriptedAnswer{.head_takes = seconds(1)});
  const auto running = gateway.begin(chat());
  const auto waiting = gateway.begin(chat());
  gateway.model().model_name = "former";
  gateway.catalog.models.push_back(some_model());
  gateway.catalog.models.back().id = ModelId{{4, 5}};
  gateway.catalog.models.back().endpoints = {{.id = EndpointId{{5, 2}}, .api_base = "http://two:8000/v1"}};
  gateway.finish(*waiting);
  EXPECT_EQ(gateway.upstream.requests.back().authority, "one:8000");
}

}  // namespace
}  // namespace obleth::gateway
