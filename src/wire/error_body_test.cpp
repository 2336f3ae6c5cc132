#include "wire/error_body.hpp"

#include <gtest/gtest.h>

namespace obleth::wire {
namespace {

TEST(ErrorBody, OpenAiShapeHasAllFourMembers) {
  EXPECT_EQ(render_error({.message = "No.", .type = "tokens", .param = {}, .code = "rate_limit_exceeded"},
                         ErrorDialect::openai),
            R"({"error":{"message":"No.","type":"tokens","param":null,"code":"rate_limit_exceeded"}})");
  EXPECT_EQ(render_error({.message = "m", .type = "t", .param = "model", .code = {}}, ErrorDialect::openai),
            R"({"error":{"message":"m","type":"t","param":"model","code":null}})");
}

TEST(ErrorBody, AnthropicShapeHasItsOwnTypes) {
  struct Case {
    const char* type;
    std::optional<std::string_view> code;
    const char* expected;
  };
  for (const Case& one : {
           Case{"invalid_request_error", {}, "invalid_request_error"},
           Case{"invalid_request_error", "invalid_api_key", "authentication_error"},
           Case{"invalid_request_error", "model_not_found", "not_found_error"},
           Case{"invalid_request_error", "request_too_large", "request_too_large"},
           Case{"permission_error", "key_disabled", "permission_error"},
           Case{"tokens", "rate_limit_exceeded", "rate_limit_error"},
           Case{"requests", "rate_limit_exceeded", "rate_limit_error"},
           Case{"insufficient_quota", "insufficient_quota", "rate_limit_error"},
           Case{"overloaded_error", "queue_full", "rate_limit_error"},
           Case{"service_unavailable_error", "overloaded", "overloaded_error"},
           Case{"service_unavailable_error", "draining", "overloaded_error"},
           Case{"service_unavailable_error", "store_unavailable", "api_error"},
           Case{"upstream_error", "upstream_timeout", "timeout_error"},
           Case{"upstream_error", "upstream_unreachable", "api_error"},
       }) {
    const std::string expected =
        std::string(R"({"type":"error","error":{"type":")") + one.expected + R"(","message":"m"}})";
    EXPECT_EQ(render_error({.message = "m", .type = one.type, .param = {}, .code = one.code}, ErrorDialect::anthropic),
              expected);
  }
}

TEST(ErrorBody, TextIsEscaped) {
  EXPECT_EQ(render_error({.message = "a\"b\\c\n\x01", .type = "t", .param = {}, .code = {}}, ErrorDialect::openai),
            R"({"error":{"message":"a\"b\\c\n\u0001","type":"t","param":null,"code":null}})");
}

TEST(ErrorEvent, IsOneEventAndBeginsWithABlankLineInsideAnother) {
  const ErrorBody error{.message = "m", .type = "upstream_error", .param = {}, .code = "stream_interrupted"};
  const std::string json = render_error(error, ErrorDialect::openai);
  EXPECT_EQ(render_error_event(error, ErrorDialect::openai, {}), "data: " + json + "\n\n");
  EXPECT_EQ(render_error_event(error, ErrorDialect::openai, {.at_event_boundary = false}),
            "\n\ndata: " + json + "\n\n");
  EXPECT_EQ(render_error_event(error, ErrorDialect::anthropic, {}),
            "event: error\ndata: " + render_error(error, ErrorDialect::anthropic) + "\n\n");
}

TEST(ErrorEvent, OfTheResponsesApiIsNumberedAndMakesTheSdksRaise) {
  const ErrorBody error{.message = "m", .type = "upstream_error", .param = {}, .code = "stream_interrupted"};
  EXPECT_EQ(
      render_error_event(error, ErrorDialect::responses, {.next_number = 7}),
      "event: error\ndata: {\"type\":\"error\",\"sequence_number\":7,\"code\":\"stream_interrupted\",\"message\":\"m\","
      "\"param\":null," +
          render_error(error, ErrorDialect::openai).substr(1) + "\n\n");
}

}  // namespace
}  // namespace obleth::wire
