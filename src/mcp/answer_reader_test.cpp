#include "mcp/answer_reader.hpp"

#include <gtest/gtest.h>

namespace obleth::mcp {
namespace {

ToolPolicy only(std::vector<std::string> tools) {
  McpServer server;
  server.access = {{.tools = std::move(tools)}};
  return *ToolPolicy::of(server, {});
}

CallNotes asking(const std::string& id) {
  CallNotes notes;
  notes.messages.push_back({.kind = wire::RpcKind::request, .id = id, .method = "tools/call"});
  return notes;
}

const std::string tools_event =
    "id: 1\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\"},{\"name\":\"b\"}]}}\n\n";
const std::string tools_kept =
    "id: 1\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\"}]}}\n\n";

class StreamOnItsWay : public ::testing::Test {
 protected:
  std::string pass(StreamReader& reader, std::string_view stream, std::size_t piece) {
    std::string out;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      std::string_view bytes = stream.substr(at, piece);
      while (!bytes.empty()) {
        const StreamReader::Step step = reader.feed(bytes, out);
        EXPECT_NE(step, StreamReader::Step::too_large);
        if (step == StreamReader::Step::endpoint) reader.place_endpoint("/mcp/s" + reader.endpoint(), out);
      }
    }
    return out;
  }
  StreamReader reader(StreamReader::Duties duties) { return {duties, tools_, notes_, memory_.lease(TenantId{{1, 1}})}; }

  gateway::BodyMemory memory_{256 << 20};
  ToolPolicy tools_ = only({"a"});
  CallNotes notes_ = asking("1");
};

TEST_F(StreamOnItsWay, BytesPassAsTheyComeWhereNothingIsToBeChanged) {
  const std::string stream = ": x\n\n" + tools_event + "data: {\"jsonrpc\"";
  for (std::size_t piece = 1; piece < 9; ++piece) {
    StreamReader passing = reader({});
    EXPECT_EQ(pass(passing, stream, piece), stream);
  }
}

TEST_F(StreamOnItsWay, MoreIsAwaitedUntilTheAnswerHasComeOrMayHave) {
  StreamReader passing = reader({});
  pass(passing, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n", 8);
  EXPECT_TRUE(notes_.awaits_more());
  const std::string unread = "data: \"" + std::string(100'000, 'x') + "\"\n\n";
  pass(passing, unread.substr(0, 90'000), 90'000);
  EXPECT_TRUE(notes_.awaits_more());
  pass(passing, unread.substr(90'000), 90'000);
  EXPECT_FALSE(notes_.awaits_more());

  notes_ = asking("1");
  pass(passing, tools_event, 8);
  EXPECT_FALSE(notes_.awaits_more());
  EXPECT_TRUE(CallNotes{}.awaits_more());
}

TEST_F(StreamOnItsWay, DeniedToolsGoAtAnySplitAndTheRestStays) {
  for (std::size_t piece = 1; piece < tools_event.size(); ++piece) {
    StreamReader filtering = reader({.filters_tools = true});
    EXPECT_EQ(pass(filtering, ": x\n\n" + tools_event + ": y\n\n", piece), ": x\n\n" + tools_kept + ": y\n\n");
  }
}

TEST_F(StreamOnItsWay, AMarkAtTheBeginningHidesNothingAndStays) {
  const std::string mark = "\xEF\xBB\xBF";
  const std::string listing = tools_event.substr(tools_event.find('\n') + 1);
  const std::string kept = tools_kept.substr(tools_kept.find('\n') + 1);
  for (std::size_t piece = 1; piece < listing.size(); ++piece) {
    StreamReader filtering = reader({.filters_tools = true});
    EXPECT_EQ(pass(filtering, mark + listing + tools_event, piece), mark + kept + tools_kept);
    StreamReader awaiting = reader({.awaits_endpoint = true});
    EXPECT_EQ(pass(awaiting, mark + "event: endpoint\ndata: /m\n\n", piece),
              mark + "event: endpoint\ndata: /mcp/s/m\n\n");
    StreamReader passing = reader({});
    notes_.messages[0].answered = false;
    EXPECT_EQ(pass(passing, mark + listing, piece), mark + listing);
    EXPECT_TRUE(notes_.messages[0].answered);
  }
}

TEST_F(StreamOnItsWay, AMessageThatCannotBeReadGoesNoFurther) {
  const std::string fine = "id: 1\ndata:\n\nevent: ping\ndata: not JSON\n\n";
  for (const char* name : {"", "event: message\n"}) {
    StreamReader filtering = reader({.filters_tools = true});
    const std::string stream = fine + name + "data: {\"result\":{\"tools\":[{\"name\":\"b\"}]},\"x\":NaN}\n\n";
    std::string_view bytes = stream;
    std::string out;
    EXPECT_EQ(filtering.feed(bytes, out), StreamReader::Step::not_json);
    EXPECT_EQ(out, fine);
  }
}

TEST_F(StreamOnItsWay, TheAnnouncementIsRewrittenAndLaterOnesAreNone) {
  const std::string endpoint = "event: endpoint\r\ndata: /m?s=1\r\n\r\n";
  for (std::size_t piece = 1; piece < 12; ++piece) {
    StreamReader awaiting = reader({.awaits_endpoint = true});
    EXPECT_EQ(pass(awaiting, ": ping\n\n" + endpoint + "data: x\n\n" + endpoint, piece),
              ": ping\n\nevent: endpoint\r\ndata: /mcp/s/m?s=1\r\n\r\ndata: x\n\n" + endpoint);
  }
}

TEST_F(StreamOnItsWay, ALongFirstEventIsNoAnnouncementAndDoesNotWait) {
  StreamReader awaiting = reader({.awaits_endpoint = true});
  std::string out;
  const std::string begin = "data: " + std::string(20'000, 'x');
  std::string_view bytes = begin;
  EXPECT_EQ(awaiting.feed(bytes, out), StreamReader::Step::passed);
  EXPECT_EQ(out, begin);
}

TEST_F(StreamOnItsWay, WhatIsTooLargeToLookIntoIsTold) {
  StreamReader filtering = reader({.filters_tools = true});
  std::string out;
  const std::string huge = "data: " + std::string(17 << 20, 'x');
  std::string_view bytes = huge;
  EXPECT_EQ(filtering.feed(bytes, out), StreamReader::Step::too_large);
  EXPECT_EQ(out, "");
}

TEST_F(StreamOnItsWay, AnswersAreMarkedAtTheRequestsThatTheyAnswer) {
  StreamReader passing = reader({});
  pass(passing, "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n", 7);
  EXPECT_FALSE(notes_.messages[0].answered);
  pass(passing, "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":\"\"}}\n\n", 7);
  EXPECT_TRUE(notes_.messages[0].answered);
  EXPECT_EQ(notes_.messages[0].error_code, -32602);
}

TEST(NoteAnswers, AnIdThatTheServerSpellsInItsOwnWayIsFound) {
  CallNotes notes = asking(R"("tools\/1")");
  notes.messages.push_back({.kind = wire::RpcKind::request, .id = "9007199254740992", .method = "tools/call"});
  notes.messages.push_back({.kind = wire::RpcKind::request, .id = "9007199254740993", .method = "tools/call"});
  note_answers(notes, R"([{"jsonrpc":"2.0","id":"tools/1","error":{"code":-32602,"message":""}},
                          {"jsonrpc":"2.0","id":9007199254740993,"result":{"isError":true}}])");
  EXPECT_EQ(notes.messages[0].error_code, -32602);
  EXPECT_FALSE(notes.messages[1].answered);
  EXPECT_TRUE(notes.messages[2].tool_failed);
}

}  // namespace
}  // namespace obleth::mcp
