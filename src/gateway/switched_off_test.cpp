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

}  // namespace
}  // namespace obleth::gateway
