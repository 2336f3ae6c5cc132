#include "wire/sse_splitter.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace obleth::wire {
namespace {

std::vector<std::string> events_of(std::string_view stream, std::size_t piece) {
  SseSplitter splitter;
  std::vector<std::string> events;
  std::string event;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    EXPECT_TRUE(splitter.feed(stream.substr(at, piece), [&](std::string_view part, bool ends) {
      event += part;
      if (ends) events.push_back(std::exchange(event, {}));
      return true;
    }));
  }
  if (!event.empty()) events.push_back(event);
  return events;
}

TEST(SseSplitter, EventsAreTheSameAtAnySplit) {
  const std::string stream = "event: endpoint\ndata: /a\n\n: ping\n\ndata: 1\r\ndata: 2\r\n\r\ndata: end";
  const std::vector<std::string> whole = events_of(stream, stream.size());
  ASSERT_EQ(whole.size(), 4U);
  EXPECT_EQ(whole[2], "data: 1\r\ndata: 2\r\n\r\n");
  for (std::size_t piece = 1; piece < 12; ++piece) {
    std::string joined;
    for (const std::string& event : events_of(stream, piece))
      joined += event;
    EXPECT_EQ(joined, stream);
  }
}

TEST(SseSplitter, NamesAndRemarksAreTold) {
  EXPECT_EQ(sse_event_name("event: endpoint\ndata: x\n\n"), "endpoint");
  EXPECT_EQ(sse_event_name("event:endpoint\r\n\r\n"), "endpoint");
  EXPECT_EQ(sse_event_name("event:\ndata: x\n\n"), "");
  EXPECT_EQ(sse_event_name("data: event: x\n\n"), "");
  EXPECT_TRUE(has_sse_id("data: x\nid: 7\n\n"));
  EXPECT_FALSE(has_sse_id("data: id: 7\nid:\n\n"));
  EXPECT_TRUE(is_sse_remark(": ping\n\n"));
  EXPECT_TRUE(is_sse_remark("id: 4\n\n"));
  EXPECT_FALSE(is_sse_remark("data:\n\n"));
}

TEST(SseSplitter, OtherDataTakesThePlaceOfTheFirstLineOfIt) {
  EXPECT_EQ(with_sse_payload("id: 1\r\ndata: a\r\ndata: b\r\nretry: 3\r\n\r\n", "new"),
            "id: 1\r\ndata: new\r\nretry: 3\r\n\r\n");
}

}  // namespace
}  // namespace obleth::wire
