#include "gateway/receive_request.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

TEST(ReceiveRequest, APathThatCouldMeanAnotherIsRefused) {
  for (const char* target : {"/v1/../admin", "/v1/%2e%2e/admin", "/v1\\chat", "/v1/%5cchat", "/v1/a%00b", "/v1/%0a"}) {
    TestGateway gateway;
    const auto asked = gateway.ask(post(target, "{}"));
    EXPECT_EQ(asked.client.status, 400) << target;
    EXPECT_EQ(error_member(asked.client, "type"), "invalid_request_error");
    EXPECT_EQ(error_member(asked.client, "code"), "null");
    EXPECT_EQ(asked.client.body_reads, 0);
  }
}

TEST(ReceiveRequest, AnEncodedSlashPassesOnlyWhereItIsNoneOfOurBusiness) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  EXPECT_EQ(gateway.ask(post("/v1/chat%2Fcompletions", chat().body)).client.status, 400);
  EXPECT_EQ(gateway.ask(get("/files/a%2Fb")).client.status, 200);
  EXPECT_TRUE(gateway.upstream.requests.back().head.starts_with("GET /files/a%2Fb HTTP/1.1\r\n"));
}

TEST(ReceiveRequest, AnotherMethodIsToldWhichOneTheRouteTakes) {
  TestGateway gateway;
  const auto chat_by_get = gateway.ask(get("/v1/chat/completions"));
  EXPECT_EQ(chat_by_get.client.status, 405);
  EXPECT_EQ(chat_by_get.client.header("Allow"), "POST, OPTIONS");
  EXPECT_EQ(error_member(chat_by_get.client, "type"), "invalid_request_error");
  EXPECT_EQ(error_member(chat_by_get.client, "message"), "This route takes POST.");
  const auto models_by_post = gateway.ask(post("/v1/models", "{}"));
  EXPECT_EQ(models_by_post.client.status, 405);
  EXPECT_EQ(models_by_post.client.header("Allow"), "GET, HEAD, OPTIONS");
}

TEST(ReceiveRequest, ACompressedBodyIsRefusedWhereItWouldHaveToBeRead) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  EXPECT_EQ(gateway.ask(chat().with("Content-Encoding", "gzip")).client.status, 415);
  EXPECT_EQ(gateway.ask(chat().with("Content-Encoding", "identity")).client.status, 200);
  EXPECT_EQ(gateway.ask(post("/v1/anything", "zzz").with("Content-Encoding", "gzip")).client.status, 200);
}

TEST(ReceiveRequest, PathsThatControlAnInferenceServerAreClosed) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  const auto asked = gateway.ask(post("/v1/load_lora_adapter", "{}"));
  EXPECT_EQ(asked.client.status, 403);
  EXPECT_EQ(error_member(asked.client, "code"), "route_forbidden");
  EXPECT_TRUE(gateway.upstream.requests.empty());
}

TEST(ReceiveRequest, WellKnownPathsAreAnsweredHere) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  EXPECT_EQ(gateway.ask(get("/.well-known/oauth-protected-resource").without_key()).client.status, 404);
  EXPECT_TRUE(gateway.upstream.requests.empty());
}

TEST(ReceiveRequest, TheClientsRequestIdIsEchoedAndIdentifiesNothing) {
  TestGateway gateway;
  const auto asked = gateway.ask(chat().with("x-request-id", "mine-1"));
  EXPECT_EQ(asked.client.header("x-request-id"), "mine-1");
  EXPECT_EQ(asked.client.header("x-obleth-request-id"), asked.conversation->id.hex());
  EXPECT_EQ(gateway.upstream.requests.back().head.find("mine-1"), std::string::npos);
}

TEST(ReceiveRequest, ARequestIdThatIsNotPlainIsReplacedByOurs) {
  for (const std::string& id : {std::string("two words"), std::string(129, 'x'), std::string()}) {
    TestGateway gateway;
    const auto asked = gateway.ask(chat().with("x-request-id", id));
    EXPECT_EQ(asked.client.header("x-request-id"), asked.conversation->id.hex()) << id;
  }
}

TEST(ReceiveRequest, AUserAgentIsKnownByItsFamilyOnly) {
  EXPECT_EQ(user_agent_family("OpenAI/Python 1.55.0"), "OpenAI-Python");
  EXPECT_EQ(user_agent_family("Anthropic/JS 1.12.0"), "Anthropic-JS");
  EXPECT_EQ(user_agent_family("curl/8.0 (secret)"), "curl");
  EXPECT_EQ(user_agent_family(std::string(100, 'a')).size(), 32U);
  EXPECT_EQ(user_agent_family("<script>"), "");
}

TEST(ReceiveRequest, AnthropicsRoutesAreRefusedInAnthropicsShape) {
  TestGateway gateway;
  const auto asked = gateway.ask(post("/v1/messages", "{}").without_key());
  EXPECT_EQ(asked.client.status, 401);
  EXPECT_TRUE(asked.client.body().starts_with(R"({"type":"error","error":{)")) << asked.client.body();
}

TEST(ReceiveRequest, AKeyInTheWrongHeaderStaysOutOfTheRow) {
  TestGateway gateway;
  const auto asked = gateway.ask(chat().with("X-Request-Id", good_secret).with("User-Agent", good_secret + "/1"));
  EXPECT_EQ(asked.client.status, 200);
  EXPECT_EQ(asked.client.header("x-request-id"), asked.client.header("x-obleth-request-id"));
  ASSERT_EQ(gateway.journal.rows.size(), 1U);
  EXPECT_EQ(gateway.journal.rows[0].client_request_id, "");
  EXPECT_EQ(gateway.journal.rows[0].user_agent_family, "");
}

}  // namespace
}  // namespace obleth::gateway
