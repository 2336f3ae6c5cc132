#include "wire/json_rpc.hpp"

#include <gtest/gtest.h>

namespace obleth::wire {
namespace {

RpcMessage one(std::string_view text) {
  auto document = read_json_rpc(text);
  EXPECT_TRUE(document.has_value()) << text;
  return document ? std::move(document->messages.front()) : RpcMessage{};
}

RpcFault fault_of(std::string_view text) {
  const auto document = read_json_rpc(text);
  EXPECT_FALSE(document.has_value()) << text;
  return document ? RpcFault::too_many : document.error();
}

TEST(JsonRpc, AToolCallTellsItsToolItsIdAndItsArguments) {
  const std::string text =
      R"( {"params":{"arguments":{"a": [1, {"name":"inner"}]},"name":"echo"},"id":"x7","method":"tools/call","jsonrpc":"2.0"} )";
  const RpcMessage call = one(text);
  EXPECT_EQ(call.kind, RpcKind::request);
  EXPECT_EQ(call.id, R"("x7")");
  EXPECT_EQ(call.method, "tools/call");
  EXPECT_EQ(call.tool, "echo");
  EXPECT_EQ(call.arguments, R"({"a": [1, {"name":"inner"}]})");
}

TEST(JsonRpc, OnlyToolCallsHaveATool) {
  const RpcMessage prompt = one(R"({"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p"}})");
  EXPECT_EQ(prompt.tool, std::nullopt);
  EXPECT_EQ(prompt.arguments, "");
}

TEST(JsonRpc, NamesAreComparedByTheirMeaning) {
  const RpcMessage call = one(
      R"({"jsonrpc":"2.0","id":1,"\u006dethod":"tools\/call","par\u0061ms":{"n\u0061me":"r\u006d","arguments":{}}})");
  EXPECT_EQ(call.method, "tools/call");
  EXPECT_EQ(call.tool, "rm");
}

TEST(JsonRpc, WithoutAnIdItIsANotificationAndWithoutAMethodAnAnswer) {
  EXPECT_EQ(one(R"({"jsonrpc":"2.0","method":"notifications/initialized"})").kind, RpcKind::notification);
  const RpcMessage answer = one(R"({"jsonrpc":"2.0","id":3,"result":{"isError":true,"content":[]}})");
  EXPECT_EQ(answer.kind, RpcKind::response);
  EXPECT_TRUE(answer.tool_failed);
  const RpcMessage error = one(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"no"}})");
  EXPECT_EQ(error.error_code, -32602);
  EXPECT_EQ(error.id, "");
}

TEST(JsonRpc, ABatchGivesItsMessagesInOrder) {
  const auto batch = read_json_rpc(
      R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"x"},{"jsonrpc":"2.0","id":2,"result":{}}])");
  ASSERT_TRUE(batch.has_value());
  EXPECT_TRUE(batch->batch);
  ASSERT_EQ(batch->messages.size(), 3U);
  EXPECT_EQ(batch->messages[2].kind, RpcKind::response);
}

// One reader would take the first, another one the last.
TEST(JsonRpc, WhatIsSaidTwiceIsRefused) {
  for (const std::string_view text : {
           R"({"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"})",
           R"({"jsonrpc":"2.0","id":1,"method":"tools/list","m\u0065thod":"tools/call"})",
           R"({"jsonrpc":"2.0","id":1,"id":2,"method":"ping"})",
           R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}})",
           R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{},"params":{"name":"b"}})",
       }) {
    EXPECT_EQ(fault_of(text), RpcFault::not_rpc) << text;
  }
}

// A server in Go takes no notice of case.
TEST(JsonRpc, WhatNamesACallStandsInNoOtherCase) {
  for (const std::string_view text : {
           R"({"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"})",
           R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"PARAMS":{"name":"b"}})",
           R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","Name":"b"}})",
           R"({"jsonrpc":"2.0","id":1,"params":{"n\u0041me":"b","name":"a"},"method":"tools/call"})",
           R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","argument\u017f":{}}})",
       }) {
    EXPECT_EQ(fault_of(text), RpcFault::not_rpc) << text;
  }
  EXPECT_TRUE(read_json_rpc(R"({"jsonrpc":"2.0","id":1,"method":"mine","params":{"Name":"b"},"Trace":1})"));
}

TEST(JsonRpc, WhatIsNoMessageIsTold) {
  for (const std::string_view text : {
           "{}",
           "[]",
           "3",
           R"("text")",
           R"({"jsonrpc":"1.0","id":1,"method":"ping"})",
           R"({"id":1,"method":"ping"})",
           R"({"jsonrpc":"2.0","id":null,"method":"ping"})",
           R"({"jsonrpc":"2.0","id":{},"method":"ping"})",
           R"({"jsonrpc":"2.0","id":1,"method":5})",
           R"({"jsonrpc":"2.0","id":1,"method":"ping","result":{}})",
           R"({"jsonrpc":"2.0","id":1})",
           R"({"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}})",
           R"([{"jsonrpc":"2.0","id":1,"method":"ping"},7])",
       }) {
    EXPECT_EQ(fault_of(text), RpcFault::not_rpc) << text;
  }
  for (const std::string_view text : {"", "{", R"({"jsonrpc":"2.0","id":1,"method":"ping"} x)", "[{}", "\x01"}) {
    EXPECT_NE(fault_of(text), RpcFault::too_many) << text;
  }
  EXPECT_EQ(fault_of(R"({"jsonrpc":"2.0","id":1,"method":"ping"} x)"), RpcFault::not_json);
}

TEST(JsonRpc, AHugeBatchIsRefusedAndAHugeMessageIsNot) {
  std::string batch = "[";
  for (std::size_t at = 0; at <= rpc_batch_max; ++at)
    batch += std::string(at > 0 ? "," : "") + R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  EXPECT_EQ(fault_of(batch + "]"), RpcFault::too_many);
  const std::string large = std::string(16 << 20, 'a');
  const std::string text =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"x":")" + large + R"("}}})";
  EXPECT_EQ(one(text).arguments.size(), large.size() + 8);
}

TEST(JsonRpc, AnIdIsTheSameInAnySpellingOfIt) {
  struct Pair {
    std::string_view a;
    std::string_view b;
  };
  for (const auto& [a, b] : std::vector<Pair>{{"1", "1"},
                                              {"1", "1.0"},
                                              {"1e0", "1.0"},
                                              {"0", "-0"},
                                              {"12345678901234567890", "12345678901234567000"},
                                              {R"("tools\/1")", R"("tools/1")"},
                                              {R"("\u00e9")", R"("é")"},
                                              {R"("\ud83e\uddc0")", R"("\uD83E\uDDC0")"}}) {
    EXPECT_TRUE(same_rpc_id(a, b)) << a << " " << b;
    EXPECT_TRUE(same_rpc_id(b, a)) << a << " " << b;
  }
  for (const auto& [a, b] : std::vector<Pair>{{"1", "2"},
                                              {"1", R"("1")"},
                                              {"1", ""},
                                              {R"("a")", R"("b")"},
                                              {R"("\u0061")", R"("b")"},
                                              {R"("1.0")", R"("1")"},
                                              {R"("\ud800")", R"("\ud801")"},
                                              {"1e999", "2e999"}}) {
    EXPECT_FALSE(same_rpc_id(a, b)) << a << " " << b;
    EXPECT_FALSE(same_rpc_id(b, a)) << a << " " << b;
  }
}

TEST(JsonRpc, AnErrorCarriesTheIdAsItStood) {
  std::string out;
  append_rpc_error(out, {.id = "\"a\\u0062\"", .code = -32602, .message = "no \"x\"", .extra = R"(,"data":1)"});
  append_rpc_error(out, {.code = -32700, .message = "?"});
  EXPECT_EQ(out, R"({"jsonrpc":"2.0","id":"a\u0062","error":{"code":-32602,"message":"no \"x\"","data":1}})"
                 R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"?"}})");
}

}  // namespace
}  // namespace obleth::wire
