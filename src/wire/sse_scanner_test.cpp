#include "wire/sse_scanner.hpp"

#include <gtest/gtest.h>

#include <random>

namespace obleth::wire {
namespace {

const std::string role = R"(data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})"
                         "\n\n";
const std::string hello = R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hello"}}],"usage":null})"
                          "\n\n";
const std::string stop = R"(data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
                         "\n\n";
const std::string usage_only =
    R"(data: {"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}})"
    "\n\n";
const std::string done = "data: [DONE]\n\n";

std::string with_line_ends(std::string stream, const std::string& line_end) {
  std::string changed;
  for (const char byte : stream)
    changed += byte == '\n' ? line_end : std::string(1, byte);
  return changed;
}

// What a client gets when the stream arrives in these pieces.
class Relay {
 public:
  explicit Relay(bool strip) : scanner_(strip) {}

  void feed(std::string_view bytes) {
    const std::string arrived(bytes);  // of exactly this size, so that a read past its end is seen
    std::vector<std::string_view> out;
    scanner_.feed(arrived, out);
    append(out);
  }
  std::string finish() {
    std::vector<std::string_view> out;
    scanner_.finish(out);
    append(out);
    return received_;
  }
  const SseScanner& scanner() const { return scanner_; }
  const std::string& received() const { return received_; }

 private:
  void append(const std::vector<std::string_view>& out) {
    for (const std::string_view piece : out)
      received_ += piece;
  }
  SseScanner scanner_;
  std::string received_;
};

// Feeds the stream whole, byte by byte, at every split into two and at many random splits; all must agree.
std::string relayed(const std::string& stream, bool strip) {
  Relay whole(strip);
  whole.feed(stream);
  const std::string expected = whole.finish();
  const auto check = [&](Relay& relay) {
    EXPECT_EQ(relay.finish(), expected) << stream;
    EXPECT_EQ(relay.scanner().usage(), whole.scanner().usage()) << stream;
    EXPECT_EQ(relay.scanner().content_events(), whole.scanner().content_events()) << stream;
    EXPECT_EQ(relay.scanner().content_bytes(), whole.scanner().content_bytes()) << stream;
    EXPECT_EQ(relay.scanner().done_seen(), whole.scanner().done_seen()) << stream;
  };
  Relay bytewise(strip);
  for (const char byte : stream)
    bytewise.feed({&byte, 1});
  check(bytewise);
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    Relay relay(strip);
    relay.feed(std::string_view(stream).substr(0, split));
    relay.feed(std::string_view(stream).substr(split));
    check(relay);
  }
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Relay relay(strip);
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t size = 1 + random() % 40;
      relay.feed(std::string_view(stream).substr(at, size));
      at += size;
    }
    check(relay);
  }
  return expected;
}

TEST(SseScanner, TheUsageOnlyEventIsTakenOutWithItsBlankLine) {
  for (const std::string line_end : {"\n", "\r\n", "\r"}) {
    const std::string stream = with_line_ends(role + hello + stop + usage_only + done, line_end);
    EXPECT_EQ(relayed(stream, true), with_line_ends(role + hello + stop + done, line_end));
  }
}

// vLLM may tell what a request took until it failed.
TEST(SseScanner, AnErrorIsNotTakenOutForTheUsageBesideIt) {
  const std::string stream =
      role + hello +
      R"(data: {"error":{"message":"out of memory"},"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}})" +
      "\n\n" + done;
  EXPECT_EQ(relayed(stream, true), stream);
  const std::string no_error =
      role + R"(data: {"error":null,"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}})" + "\n\n" + done;
  EXPECT_EQ(relayed(no_error, true), role + done);
}

TEST(SseScanner, NothingIsTakenOutWhereTheClientAskedForUsage) {
  const std::string stream = role + hello + stop + usage_only + done;
  EXPECT_EQ(relayed(stream, false), stream);
  Relay relay(false);
  relay.feed(stream);
  ASSERT_TRUE(relay.scanner().usage());
  EXPECT_EQ(relay.scanner().usage()->prompt.value, 9);
  EXPECT_EQ(relay.scanner().usage()->output.value, 2);
}

TEST(SseScanner, TheStrippedUsageIsStillKnown) {
  Relay relay(true);
  relay.feed(role + hello + stop + usage_only + done);
  ASSERT_TRUE(relay.scanner().usage());
  EXPECT_EQ(relay.scanner().usage()->output.value, 2);
  EXPECT_TRUE(relay.scanner().done_seen());
}

TEST(SseScanner, AnEventWithChoicesIsNeverTakenOut) {
  for (const std::string data : {
           R"({"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}})",
           R"({"usage":{"prompt_tokens":1,"completion_tokens":1},"choices":[{"delta":{}}]})",
           R"({"choices":[],"usage":null})",
           R"({"choices":[],"prompt_filter_results":[]})",
           R"({"usage":{"prompt_tokens":1,"completion_tokens":1}})",
           R"({"choices":null,"usage":{"prompt_tokens":1,"completion_tokens":1}})",
           R"({"x":{"choices":[],"usage":{"prompt_tokens":1}}})",
           R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1)",
           R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}} x)",
           R"({"error":{"message":"\"choices\":[],\"usage\":{\"prompt_tokens\":1}"}})",
       }) {
    const std::string stream = "data: " + data + "\n\n" + done;
    EXPECT_EQ(relayed(stream, true), stream);
  }
}

TEST(SseScanner, UsageInEveryEventLeavesTheLastOneStanding) {
  const std::string first =
      R"(data: {"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}})"
      "\n\n";
  const std::string second =
      R"(data: {"choices":[{"delta":{"content":"b"}}],"usage":{"prompt_tokens":3,"completion_tokens":2}})"
      "\n\n";
  Relay relay(true);
  relay.feed(first + second);
  EXPECT_EQ(relay.finish(), first + second);
  EXPECT_EQ(relay.scanner().usage()->output.value, 2);
}

TEST(SseScanner, CommentsAndOtherFieldsStayUntouched) {
  const std::string stream = ": ping\n\nevent: chunk\nid: 7\nretry: 10\n" + hello + ":\n\n" + "data\n\n" + done;
  EXPECT_EQ(relayed(stream, true), stream);
}

// What was left of it would be an event without data, at which the official SDKs fail.
TEST(SseScanner, AllFieldsOfTheUsageOnlyEventAreTakenOut) {
  const std::string open = usage_only.substr(0, usage_only.size() - 1);
  for (const std::string line_end : {"\n", "\r\n", "\r"}) {
    for (const std::string field :
         {"event: message\n", "id: 2\n", "retry: 5\n", "id\n", "data\n", "id: 2\nevent:m\n"}) {
      for (const std::string& taken_out : {field + usage_only, open + field + "\n"}) {
        const std::string stream = with_line_ends(field + hello + taken_out + field + done, line_end);
        EXPECT_EQ(relayed(stream, true), with_line_ends(field + hello + field + done, line_end));
      }
    }
  }
}

TEST(SseScanner, CommentsInsideTheUsageOnlyEventStayWithoutItsBlankLine) {
  const std::string open = usage_only.substr(0, usage_only.size() - 1);
  for (const std::string line_end : {"\n", "\r\n", "\r"}) {
    for (const std::string& stream :
         {": c\nid: 3\n" + usage_only + done, "id: 3\n: c\n" + usage_only + done, open + ": c\nid: 4\n\n" + done}) {
      EXPECT_EQ(relayed(with_line_ends(stream, line_end), true), with_line_ends(": c\n" + done, line_end));
    }
  }
}

TEST(SseScanner, WhatIsNoFieldOfAnEventPassesAtOnce) {
  for (const std::string line : {": comment", "{\"a\":1}", "events: x", "identity", "x"}) {
    Relay relay(true);
    relay.feed(line);
    EXPECT_EQ(relay.received(), line);
  }
  Relay relay(true);
  relay.feed("id: 1\nevent: x\n");
  EXPECT_EQ(relay.received(), "");
  relay.feed("data: {\"choices\":[{");
  EXPECT_EQ(relay.received(), "id: 1\nevent: x\ndata: {\"choices\":[{");
}

TEST(SseScanner, DataOverSeveralLinesIsOneDocument) {
  const std::string stream =
      "data: {\"choices\":[],\ndata: \"usage\":{\"prompt_tokens\":4,\ndata:\"completion_tokens\":1}}\n\n";
  EXPECT_EQ(relayed(stream + done, true), done);
  EXPECT_EQ(relayed(stream + done, false), stream + done);
  const std::string content = "data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"x\"}}]}\n\n";
  EXPECT_EQ(relayed(content + done, true), content + done);
}

TEST(SseScanner, ContentPassesAtOnce) {
  Relay relay(true);
  const std::string partial = hello.substr(0, hello.find("Hello") + 3);
  relay.feed(partial);
  EXPECT_EQ(relay.received(), partial);
  EXPECT_FALSE(relay.scanner().at_event_boundary());
  relay.feed(hello.substr(partial.size()));
  EXPECT_EQ(relay.received(), hello);
  EXPECT_TRUE(relay.scanner().at_event_boundary());
  relay.feed(": comment");
  EXPECT_EQ(relay.received(), hello + ": comment");
}

TEST(SseScanner, OnlyWhatMayBeUsageIsHeldBack) {
  Relay relay(true);
  relay.feed(hello + "data: {\"id\":\"c\",\"choices\":[");
  EXPECT_EQ(relay.received(), hello);
  EXPECT_TRUE(relay.scanner().at_event_boundary());
  relay.feed("{");
  EXPECT_EQ(relay.received(), hello + "data: {\"id\":\"c\",\"choices\":[{");
  Relay finished(true);
  finished.feed("data: [DO");
  EXPECT_EQ(finished.received(), "data: [DO");
}

TEST(SseScanner, AHeldTailGoesOutAsItIsAtTheEnd) {
  Relay relay(true);
  const std::string partial = "data: {\"choices\":[],\"usage\":{\"prompt_tok";
  relay.feed(hello + partial);
  EXPECT_EQ(relay.received(), hello);
  EXPECT_EQ(relay.finish(), hello + partial);
  EXPECT_FALSE(relay.scanner().at_event_boundary());
}

TEST(SseScanner, AnEventThatGrowsPastTheBoundIsNotHeld) {
  const std::string huge = R"(data: {"choices":[],"usage":{"prompt_tokens":1,"x":")" + std::string(200'000, 'x');
  Relay relay(true);
  for (std::size_t at = 0; at < huge.size(); at += 1000) {
    relay.feed(std::string_view(huge).substr(at, 1000));
    EXPECT_LE(std::min(at + 1000, huge.size()) - relay.received().size(), sse_held_bytes_max);
  }
  relay.feed("\"}}\n\n" + usage_only + hello);
  EXPECT_EQ(relay.finish(), huge + "\"}}\n\n" + hello);
}

TEST(SseScanner, ALongEventMayComeInTinyPieces) {
  const std::string padding = R"("x":")" + std::string(1500, 'x') + "\",";
  const std::string usage = "data: {" + padding +
                            R"("choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})"
                            "\n\n";
  const std::string content = "data: {" + padding +
                              R"("choices":[{"delta":{"content":"a"}}]})"
                              "\n\n";
  EXPECT_EQ(relayed(hello + usage + content + done, true), hello + content + done);
}

TEST(SseScanner, GeneratedTokensAreCountedFromContent) {
  Relay relay(true);
  relay.feed(role + hello + hello + stop + usage_only + done);
  EXPECT_EQ(relay.scanner().content_events(), 2);
  EXPECT_EQ(relay.scanner().content_bytes(), 10);
  EXPECT_EQ(relay.scanner().counted_output().larger().value, 2);
  relay.feed(R"(data: {"choices":[{"text":")" + std::string(40, 'x') +
             R"(\n"}]})"
             "\n\n");
  EXPECT_EQ(relay.scanner().counted_output().larger().value, (10 + 41) / 4);
}

TEST(SseScanner, ToolCallsAndReasoningAreContent) {
  for (const std::string delta : {
           R"({"tool_calls":[{"index":0,"id":"call_1","function":{"name":"","arguments":"{\"a\""}}]})",
           R"({"reasoning_content":"hmmm"})",
           R"({"function_call":{"arguments":"abcd"}})",
       }) {
    Relay relay(true);
    relay.feed("data: {\"choices\":[{\"delta\":" + delta + "}]}\n\n");
    EXPECT_EQ(relay.scanner().content_events(), 1) << delta;
    EXPECT_EQ(relay.scanner().content_bytes(), 4) << delta;
  }
}

// What is compared with the event before must tell the same as what is walked.
TEST(SseScanner, EveryEventTellsWhatItTellsAlone) {
  const std::string heads[] = {R"({"id":"c","choices":[{"index":0,"delta":{)",
                               R"({"id":"d","choices":[{"index":0,"delta":{)",
                               R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta",)",
                               R"({"type":"message_stop","delta":{)",
                               R"({"sequence_number":7,"delta":{)",
                               R"({"usage":{"prompt_tokens":3},"choices":[{"delta":{)"};
  const std::string texts[] = {R"("content":"Hello")",
                               R"("content":"")",
                               R"("content":"\"\u00e9\n")",
                               R"("content":"a","reasoning":"b")",
                               R"("role":"assistant","content":"x")",
                               R"("content":"bad \x")",
                               R"("content":"cut)"};
  const std::string tails[] = {"}}]}", "}}],\"usage\":null}", "}}],\"usage\":{\"completion_tokens\":4}}", "}}",
                               "}}]} x"};
  std::mt19937 random(3);
  const auto pick = [&random](const auto& from) { return from[random() % std::size(from)]; };
  std::string head;
  std::string tail;
  SseScanner together(false);
  std::int64_t events = 0;
  std::int64_t bytes = 0;
  for (int round = 0; round < 20'000; ++round) {
    if (random() % 4 == 0) head = pick(heads);
    if (random() % 4 == 0) tail = pick(tails);
    const std::string event = "data: " + head + pick(texts) + tail + "\n\n";
    std::vector<std::string_view> out;
    SseScanner alone(false);
    alone.feed(event, out);
    together.feed(event, out);
    events += alone.content_events();
    bytes += alone.content_bytes();
    ASSERT_EQ(together.content_events(), events) << event;
    ASSERT_EQ(together.content_bytes(), bytes) << event;
    ASSERT_TRUE(together.done_seen() || !alone.done_seen()) << event;
    ASSERT_TRUE(together.usage() || !alone.usage()) << event;
    if (alone.next_number() > 0) ASSERT_EQ(together.next_number(), alone.next_number()) << event;
  }
}

TEST(SseScanner, RandomStreamsAreUnchangedButForUsage) {
  std::mt19937 random(7);
  const std::string pieces[] = {role,
                                hello,
                                stop,
                                usage_only,
                                done,
                                ": c\n\n",
                                "\n",
                                "event: x\n\n",
                                "data: {}\n\n",
                                "data: {\"choices\":[]}\n\n",
                                "id: 1\ndata: x\ndata: y\n\n",
                                "id: 2\nevent: y\n" + usage_only};
  for (int round = 0; round < 3000; ++round) {
    const std::string line_end = std::array<std::string, 3>{"\n", "\r\n", "\r"}[random() % 3];
    std::string stream;
    std::string expected;
    for (std::size_t left = random() % 12; left > 0; --left) {
      const std::string& piece = pieces[random() % std::size(pieces)];
      stream += piece;
      expected += piece.ends_with(usage_only) ? "" : piece;
    }
    stream = with_line_ends(stream, line_end);
    Relay relay(true);
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t size = 1 + random() % 90;
      relay.feed(std::string_view(stream).substr(at, size));
      at += size;
    }
    ASSERT_EQ(relay.finish(), with_line_ends(expected, line_end)) << "round " << round;
  }
}

TEST(SseScanner, AMarkBeforeTheFirstEventHidesNoUsage) {
  Relay relay(true);
  relay.feed("\xEF\xBB\xBF" + usage_only + hello + done);
  EXPECT_EQ(relay.finish(), "\xEF\xBB\xBF" + hello + done);
  EXPECT_EQ(relay.scanner().usage(), (TokenUsage{.prompt = {9}, .output = {2}}));
}

TEST(SseScanner, AMarkMayComeInPieces) {
  for (const std::size_t first : {1U, 2U, 3U}) {
    Relay relay(true);
    const std::string stream = "\xEF\xBB\xBF" + usage_only + hello + done;
    relay.feed(stream.substr(0, first));
    relay.feed(stream.substr(first));
    EXPECT_EQ(relay.finish(), "\xEF\xBB\xBF" + hello + done);
    EXPECT_EQ(relay.scanner().usage(), (TokenUsage{.prompt = {9}, .output = {2}}));
  }
}

}  // namespace
}  // namespace obleth::wire
