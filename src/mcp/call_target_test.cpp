#include "mcp/call_target.hpp"

#include <gtest/gtest.h>

#include "domain/upstream_reference.hpp"

namespace obleth::mcp {
namespace {

RegisteredServer server_at(const std::string& url) {
  RegisteredServer server{.address = *parse_upstream_address(url)};
  server.record.name = "files";
  server.path = upstream_path(url);
  return server;
}

std::string at_server(const std::string& url, std::string_view target) {
  const auto read = read_call_target(target);
  return read ? upstream_target(server_at(url), *read) : "none";
}

TEST(CallTargetOfAPath, WhatStandsBehindTheServersNameGoesToTheServerAsItCame) {
  EXPECT_EQ(at_server("http://m:1/mcp", "/mcp/files"), "/mcp");
  EXPECT_EQ(at_server("http://m:1/mcp/", "/mcp/files/"), "/mcp/");
  EXPECT_EQ(at_server("http://m:1", "/mcp/files"), "/");
  EXPECT_EQ(at_server("http://m:1/v1", "/mcp/files?a=%20b"), "/v1?a=%20b");
  EXPECT_EQ(at_server("http://m:1/", "/mcp/files/x/%7ey?q=1?2"), "/x/%7ey?q=1?2");
  EXPECT_EQ(at_server("http://m:1/mcp", "//mcp//./files///x"), "/mcp/x");
  EXPECT_EQ(at_server("http://m:1/mcp", "/%6dcp/f%69les/x"), "/mcp/x");
}

TEST(CallTargetOfAPath, WhatIsNoCallIsNone) {
  for (const char* target : {"/mcp", "/v1/models", "/mcp/../x", "/mcp/files/a%2fb", "/mcp/files/%00"}) {
    EXPECT_EQ(read_call_target(target).has_value() && !read_call_target(target)->server.empty(), false) << target;
  }
  EXPECT_TRUE(may_lead_here("//%6dcp/x"));
  EXPECT_FALSE(may_lead_here("/v1/chat/completions"));
  EXPECT_FALSE(may_lead_here("*"));
}

TEST(CallTargetOfAPath, WhatTheServerAnnouncesComesBackToIt) {
  for (const char* url : {"http://m:1", "http://m:1/sse", "http://m:1/base/sse"}) {
    const RegisteredServer server = server_at(url);
    EXPECT_EQ(gateway_target(server, "/message?sessionId=1"), "/mcp/files/message?sessionId=1") << url;
  }
  EXPECT_EQ(gateway_target(server_at("http://m:1/base"), "/base/message?s=1"), "/mcp/files/message?s=1");
  EXPECT_EQ(gateway_target(server_at("http://m:1/base"), "/basement"), "/mcp/files/basement");
  EXPECT_EQ(gateway_target(server_at("http://m:1/base"), "/base?s=1"), "/mcp/files?s=1");
}

TEST(CallTargetOfAPath, SessionsInAQueryAreSeenHoweverTheyAreWritten) {
  const auto names = [](std::string_view target) { return names_session(*read_call_target(target)); };
  EXPECT_TRUE(names("/mcp/f/m?sessionId=1"));
  EXPECT_TRUE(names("/mcp/f/m?a=1&SESSION_ID=1"));
  EXPECT_TRUE(names("/mcp/f/m?session%49d=1"));
  EXPECT_FALSE(names("/mcp/f/m?a=sessionId"));
  EXPECT_FALSE(names("/mcp/f/m"));
}

}  // namespace
}  // namespace obleth::mcp
