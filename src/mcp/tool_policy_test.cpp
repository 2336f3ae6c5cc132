#include "mcp/tool_policy.hpp"

#include <gtest/gtest.h>

namespace obleth::mcp {
namespace {

ResolvedKey caller(std::string tenant, std::string group = "default") {
  ResolvedKey who;
  who.tenant.name = std::move(tenant);
  who.group.name = std::move(group);
  return who;
}

TEST(ToolPolicyOfAServer, WithoutRulesEverybodyHasEveryTool) {
  const auto policy = ToolPolicy::of({}, caller("a"));
  ASSERT_TRUE(policy.has_value());
  EXPECT_FALSE(policy->restricts());
  EXPECT_TRUE(policy->allows("anything"));
}

TEST(ToolPolicyOfAServer, WithRulesOnlyWhoIsNamedHasWhatIsNamed) {
  McpServer server;
  server.access = {{.tenant = "a", .tools = {{"echo", "get-*"}}}, {.group = "batch"}, {.tenant = "b", .tools = {{}}}};
  const auto named = ToolPolicy::of(server, caller("a"));
  ASSERT_TRUE(named.has_value());
  EXPECT_TRUE(named->restricts());
  EXPECT_TRUE(named->allows("echo"));
  EXPECT_TRUE(named->allows("get-sum"));
  EXPECT_FALSE(named->allows("Echo"));
  EXPECT_FALSE(named->allows("set-sum"));
  EXPECT_FALSE(ToolPolicy::of(server, caller("c")).has_value());
  const auto by_group = ToolPolicy::of(server, caller("c", "batch"));
  ASSERT_TRUE(by_group.has_value());
  EXPECT_FALSE(by_group->restricts());
  EXPECT_TRUE(ToolPolicy::of(server, caller("a", "batch"))->allows("set-sum"));
  EXPECT_FALSE(ToolPolicy::of(server, caller("b"))->allows("echo"));
}

TEST(ToolPolicyOfAServer, ARuleByIdGoesAlongWithARenameAndPassesToNobody) {
  ResolvedKey renamed = caller("new", "new");
  renamed.tenant.id = {{1, 1}};
  renamed.group.id = {{2, 2}};
  ResolvedKey stranger = caller("old", "old");
  stranger.tenant.id = {{3, 3}};
  stranger.group.id = {{4, 4}};
  McpServer server;
  server.access = {{.tenant = renamed.tenant.id}};
  EXPECT_TRUE(ToolPolicy::of(server, renamed).has_value());
  EXPECT_FALSE(ToolPolicy::of(server, stranger).has_value());
  server.access = {{.group = renamed.group.id}};
  EXPECT_TRUE(ToolPolicy::of(server, renamed).has_value());
  EXPECT_FALSE(ToolPolicy::of(server, stranger).has_value());
}

TEST(ToolPolicyOfAServer, ARuleThatNamesNobodyIsForEverybody) {
  McpServer server;
  server.access = {{.tools = {{"echo"}}}};
  EXPECT_TRUE(ToolPolicy::of(server, caller("c"))->allows("echo"));
  server.access.emplace();
  EXPECT_FALSE(ToolPolicy::of(server, caller("c")).has_value());
}

TEST(Glob, AStarStandsForAnyText) {
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("get-*", "get-"));
  EXPECT_TRUE(matches_glob("*a*b", "xaxbxab"));
  EXPECT_TRUE(matches_glob("a**c", "abc"));
  EXPECT_FALSE(matches_glob("get-*", "get"));
  EXPECT_FALSE(matches_glob("a*b", "abc"));
  EXPECT_FALSE(matches_glob("", "a"));
  EXPECT_FALSE(matches_glob("a?c", "abc"));
  EXPECT_FALSE(matches_glob(std::string(200, '*') + "b", std::string(10'000, 'a')));
}

}  // namespace
}  // namespace obleth::mcp
