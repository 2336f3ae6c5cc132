#include "mcp/refuse_call.hpp"

#include <gtest/gtest.h>

#include "mcp/check_tools.hpp"

namespace obleth::mcp {
namespace {

NotedMessage request(std::string id, bool denied = false) {
  return {.kind = wire::RpcKind::request, .id = std::move(id), .method = "tools/call", .tool = "rm", .denied = denied};
}

TEST(RefusedCall, IsToldWithItsIdAndTheCause) {
  CallNotes notes;
  notes.messages.push_back(request("7"));
  const std::string body = render_refusal(bad_answer("files", "is not valid HTTP"), notes);
  EXPECT_EQ(body,
            R"({"jsonrpc":"2.0","id":7,"error":{"code":-32000,"message":"What the MCP server 'files' answered is not )"
            R"(valid HTTP.","data":{"type":"upstream_error","code":"bad_upstream_response"}}})");
  EXPECT_TRUE(render_refusal(unknown_session(), {})
                  .starts_with(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found)"));
}

TEST(RefusedCall, OfABatchEveryRequestHasItsError) {
  CallNotes notes{.batch = true};
  notes.messages = {request("1"), {.method = "notifications/cancelled"}, request("\"b\"", true)};
  const std::string body = render_refusal(tools_denied(), notes);
  EXPECT_TRUE(body.starts_with(R"([{"jsonrpc":"2.0","id":1,"error":{"code":-32600,)")) << body;
  EXPECT_NE(body.find(R"(,{"jsonrpc":"2.0","id":"b","error":{"code":-32602,"message":"The tool 'rm' is not)"),
            std::string::npos)
      << body;
  EXPECT_TRUE(body.ends_with("]"));
}

TEST(RefusedCall, OnAStreamTheServerIsAskedForNothingWithItsId) {
  const std::string body = stand_in_for(request("\"b\"", true));
  const auto asked = wire::read_json_rpc(body);
  ASSERT_TRUE(asked.has_value()) << body;
  EXPECT_EQ(asked->messages[0].id, "\"b\"");
  EXPECT_EQ(asked->messages[0].tool, "rm (not available to this key)");
  EXPECT_EQ(asked->messages[0].arguments, "{}");
}

TEST(RefusedCall, AStreamOwesOnlyWhatWasNotAnswered) {
  CallNotes notes;
  notes.messages = {request("1"), request("2")};
  notes.messages[0].answered = true;
  const gateway::Refusal broken = from_server_fault(upstream_fault(FaultKind::broken, "an inner text", false), "files");
  const std::string events = render_owed_events(broken, notes, false);
  EXPECT_TRUE(events.starts_with("\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,")) << events;
  EXPECT_TRUE(events.ends_with("}\n\n"));
  EXPECT_EQ(events.find("inner text"), std::string::npos);
  notes.messages[1].answered = true;
  EXPECT_EQ(render_owed_events(broken, notes, true), "");
}

TEST(RefusedCall, AServerThatAsksForACredentialIsToldFromOneThatRefusesIt) {
  const gateway::Refusal refused = credential_refused("files", true);
  const gateway::Refusal asked = credential_refused("files", false);
  EXPECT_EQ(refused.code, "upstream_auth_failed");
  EXPECT_EQ(asked.code, refused.code);
  EXPECT_NE(refused.message.find("check the server's auth_header"), std::string::npos);
  EXPECT_NE(asked.message.find("set the server's auth_header"), std::string::npos);
  EXPECT_EQ(asked.message.find("refused"), std::string::npos);
}

TEST(RefusedCall, FaultsOfTheServerHaveTheirStatus) {
  const auto status = [](FaultKind kind) { return from_server_fault(upstream_fault(kind, "", false), "files").status; };
  EXPECT_EQ(status(FaultKind::timed_out), 504);
  for (const FaultKind kind :
       {FaultKind::unreachable, FaultKind::broken, FaultKind::bad_answer, FaultKind::forbidden}) {
    EXPECT_EQ(status(kind), 502);
  }
  EXPECT_EQ(status(FaultKind::unavailable), 503);
  EXPECT_TRUE(from_server_fault(upstream_fault(FaultKind::cancelled, "", false), "files").client_gone);
}

}  // namespace
}  // namespace obleth::mcp
