#include "admin/mcp_conversation.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <utility>
#include <vector>

#include "admin/dripping_upstream_test.hpp"
#include "admin/exchange_deadline.hpp"
#include "admin/step_loop_test.hpp"

namespace obleth::admin {
namespace {

// A server that gives its documents one after the other, and writes down what it was asked.
class ScriptedServer final : public ports::Upstream {
 public:
  explicit ScriptedServer(std::deque<std::string> documents) : documents_(std::move(documents)) {}

  Task<Result<std::unique_ptr<ports::UpstreamAnswer>>> send(const ports::UpstreamCall& call) override {
    heads.emplace_back(call.head);
    std::string document;
    if (!documents_.empty()) {
      document = std::move(documents_.front());
      documents_.pop_front();
    }
    std::unique_ptr<ports::UpstreamAnswer> answer = std::make_unique<Document>(std::move(document));
    co_return std::move(answer);
  }

  std::vector<std::string> heads;

 private:
  class Document final : public ports::UpstreamAnswer {
   public:
    explicit Document(std::string text) : text_(std::move(text)) { head_.status = 200; }
    [[nodiscard]] const ResponseHead& head() const override { return head_; }
    Task<Result<std::string_view>> read() override {
      co_return std::exchange(is_read_, true) ? std::string_view() : std::string_view(text_);
    }
    [[nodiscard]] bool has_buffered() const override { return false; }

   private:
    ResponseHead head_;
    std::string text_;
    bool is_read_ = false;
  };

  std::deque<std::string> documents_;
};

std::string initialized_with(const std::string& version) {
  const Json result = Json::object({{"protocolVersion", version}});
  return to_text(Json::object({{"jsonrpc", "2.0"}, {"id", 1}, {"result", result}}));
}

class McpConversationTest : public testing::Test {
 protected:
  McpConversation with(ScriptedServer& server) {
    return {server, record_, *parse_upstream_address(record_.upstream_url), never_};
  }
  CancelSignal never_;
  const McpServer record_{.name = "files", .upstream_url = "http://mcp:3000/mcp"};
};

TEST_F(McpConversationTest, TheVersionThatTheServerChoseIsToldItFromThenOn) {
  ScriptedServer server({initialized_with("2025-03-26"), ""});
  McpConversation conversation = with(server);
  EXPECT_TRUE(conversation.open().run_now());
  EXPECT_EQ(server.heads.front().find("MCP-Protocol-Version"), std::string::npos);
  EXPECT_NE(server.heads.back().find("\r\nMCP-Protocol-Version: 2025-03-26\r\n"), std::string::npos);
}

TEST_F(McpConversationTest, AServerCannotWriteIntoTheHeadsThatFollow) {
  for (const std::string& version : {std::string("2025-06-18\r\nX-Smuggled: 1"), std::string("a b"),
                                     std::string("\xFF"), std::string(65, '2'), std::string()}) {
    ScriptedServer server({initialized_with(version)});
    McpConversation conversation = with(server);
    const Result<Json> opened = conversation.open().run_now();
    ASSERT_FALSE(opened) << version;
    EXPECT_EQ(opened.error().kind, FaultKind::bad_answer);
    EXPECT_EQ(server.heads.size(), 1U) << version;
  }
}

class DrippingServerTest : public McpConversationTest {
 protected:
  static Task<void> open(McpConversation& conversation, const ExchangeDeadline& deadline, std::string& told) {
    const Result<Json> opened = co_await conversation.open();
    told = opened ? "opened" : deadline.told(opened.error());
  }

  StepLoop loop_;
  DrippingUpstream server_{std::chrono::seconds(20)};
  CancelSignal departure_;
  ExchangeDeadline deadline_{&departure_, std::chrono::seconds(60)};
  McpConversation conversation_{server_, record_, *parse_upstream_address(record_.upstream_url), deadline_.signal()};
  std::string told_;
};

TEST_F(DrippingServerTest, AStreamThatDripsForEverEndsWithTheDeadline) {
  spawn(open(conversation_, deadline_, told_));
  for (int drips = 0; drips < 2; ++drips)
    loop_.turn(std::chrono::seconds(20));
  EXPECT_EQ(told_, "");
  loop_.turn(std::chrono::seconds(20));
  loop_.turn();
  EXPECT_EQ(told_, "It was not done after 60 seconds.");
}

TEST_F(DrippingServerTest, AClientThatLeavesEndsItBefore) {
  spawn(open(conversation_, deadline_, told_));
  departure_.fire();
  loop_.turn();
  EXPECT_EQ(told_, "called off");
}

}  // namespace
}  // namespace obleth::admin
