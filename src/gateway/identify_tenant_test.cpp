#include "gateway/identify_tenant.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

const std::string other_secret = "sk_" + std::string(48, 'b');

TEST(IdentifyTenant, AKeyMayComeInEitherHeaderAndAnyCaseOfTheScheme) {
  for (const auto& [name, value] : HeaderList{{"Authorization", "Bearer " + good_secret},
                                              {"authorization", "bEaReR " + good_secret},
                                              {"x-api-key", good_secret}}) {
    TestGateway gateway;
    EXPECT_EQ(gateway.ask(chat().without_key().with(name, value)).client.status, 200) << name << ": " << value;
  }
}

TEST(IdentifyTenant, AuthorizationWinsOverXApiKey) {
  TestGateway gateway;
  EXPECT_EQ(gateway.ask(chat().with("x-api-key", other_secret)).client.status, 200);
  EXPECT_EQ(gateway.ask(chat().with_key(other_secret).with("x-api-key", good_secret)).client.status, 401);
  EXPECT_EQ(
      gateway.ask(chat().without_key().with("Authorization", "Basic abc").with("x-api-key", good_secret)).client.status,
      401);
}

TEST(IdentifyTenant, AMalformedKeyIsRefusedWithoutALookUp) {
  TestGateway gateway;
  for (const std::string& secret : {std::string("sk_short"), "sk_" + std::string(48, 'G'), good_secret + "a"}) {
    EXPECT_EQ(gateway.ask(chat().with_key(secret)).client.status, 401) << secret;
  }
  EXPECT_EQ(gateway.ask(chat().without_key()).client.status, 401);
  EXPECT_EQ(gateway.keys.lookups, 0);
}

TEST(IdentifyTenant, AnUnknownKeyIsToldHowToSendOne) {
  TestGateway gateway;
  const auto asked = gateway.ask(chat().with_key(other_secret));
  EXPECT_EQ(asked.client.status, 401);
  EXPECT_EQ(error_member(asked.client, "type"), "invalid_request_error");
  EXPECT_EQ(error_member(asked.client, "code"), "invalid_api_key");
  EXPECT_EQ(asked.client.header("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(asked.client.header("Content-Type"), "application/json");
  EXPECT_TRUE(asked.client.header("x-request-id"));
  EXPECT_TRUE(asked.client.finished);
}

TEST(IdentifyTenant, TheBodyOfARefusedKeyIsNeverRead) {
  TestGateway gateway;
  EXPECT_EQ(gateway.ask(chat().with_key(other_secret)).client.body_reads, 0);
  EXPECT_EQ(gateway.ask(chat().without_key()).client.body_reads, 0);
  gateway.keys.unavailable = true;
  EXPECT_EQ(gateway.ask(chat()).client.body_reads, 0);
  gateway.keys.unavailable = false;
  gateway.who().key.disabled = true;
  EXPECT_EQ(gateway.ask(chat()).client.body_reads, 0);
}

TEST(IdentifyTenant, AStoreThatCannotAnswerIsNeverTheClientsFault) {
  TestGateway gateway;
  gateway.keys.unavailable = true;
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(asked.client.status, 503);
  EXPECT_EQ(error_member(asked.client, "type"), "service_unavailable_error");
  EXPECT_EQ(error_member(asked.client, "code"), "store_unavailable");
  EXPECT_EQ(asked.client.header("Retry-After"), "1");
}

struct Closed {
  std::string code;
  void (*close)(ResolvedKey& who, WallTime now);
};

TEST(IdentifyTenant, AKeyThatMayNotBeUsedNowIsToldWhy) {
  const std::vector<Closed> cases = {
      {"key_disabled", [](ResolvedKey& who, WallTime) { who.key.disabled = true; }},
      {"key_expired", [](ResolvedKey& who, WallTime now) { who.key.expires_at = now; }},
      {"tenant_suspended", [](ResolvedKey& who, WallTime) { who.tenant.status = TenantStatus::suspended; }},
      {"tenant_suspended", [](ResolvedKey& who, WallTime) { who.tenant.status = TenantStatus::archived; }},
      {"outside_access_window",
       [](ResolvedKey& who, WallTime now) { who.tenant.schedule.active_from = WallTime{now.unix_ms + 1000}; }},
  };
  for (const Closed& closed : cases) {
    TestGateway gateway;
    closed.close(gateway.who(), gateway.loop.wall_now());
    const auto asked = gateway.ask(chat());
    EXPECT_EQ(asked.client.status, 403) << closed.code;
    EXPECT_EQ(error_member(asked.client, "type"), "permission_error");
    EXPECT_EQ(error_member(asked.client, "code"), closed.code);
    EXPECT_TRUE(gateway.keys.used.empty());
    EXPECT_EQ(asked.row.text("admission"), "refused");
    EXPECT_EQ(gateway.metric("obleth_refusals_total{tenant=\"acme\",reason=\"" + closed.code + "\"}"), "1");
  }
}

TEST(IdentifyTenant, AKeyServesUntilTheMomentItExpires) {
  TestGateway gateway;
  gateway.who().key.expires_at = WallTime{gateway.loop.wall_now().unix_ms + 1};
  EXPECT_EQ(gateway.ask(chat()).client.status, 200);
  EXPECT_EQ(gateway.keys.used.size(), 1U);
}

TEST(IdentifyTenant, ARequestWithoutATenantIsOnlyCounted) {
  TestGateway gateway;
  const auto asked = gateway.ask(chat().with_key(other_secret));
  EXPECT_EQ(asked.row.text("tenant"), "");
  EXPECT_EQ(gateway.metric("obleth_tenant_requests_total{tenant=\"none\",status_class=\"4xx\"}"), "1");
}

}  // namespace
}  // namespace obleth::gateway
