#include "wire/told_failure.hpp"

#include <gtest/gtest.h>

#include <string>

namespace obleth::wire {
namespace {

TEST(ToldFailure, AnErrorAtTheTopOfADocumentIsOne) {
  for (const char* failed : {R"({"error":{"message":"m"}})", R"({"id":"x", "error" : "out of memory","choices":[]})",
                             R"({"\u0065rror":{}})", R"({"type":"error","message":"m"})",
                             R"({"type":"response.failed","response":{}})", R"({"error":{"message":"breaks off)"})
    EXPECT_TRUE(document_tells_failure(failed)) << failed;
  for (const char* whole :
       {R"({"error":null,"choices":[]})", R"({"choices":[{"message":{"content":"error"},"error":{"a":1}}]})",
        R"({"type":"message","content":[]})", R"(["error"])", R"("error")", "[DONE]", ""})
    EXPECT_FALSE(document_tells_failure(whole)) << whole;
}

TEST(ToldFailure, OneEventOfAStreamIsEnough) {
  const std::string token = "data: {\"choices\":[{\"delta\":{\"content\":\"error\"}}],\"error\":null}\n\n";
  const std::string done = "data: [DONE]\n\n";
  EXPECT_FALSE(stream_tells_failure(token + ": error\n\nevent: message\n" + token + done));
  for (const std::string& failed :
       {std::string("data: {\"error\":{\"code\":500}}\n\n"),
        std::string("data: {\"error\":\ndata: {\"code\":500}}\n\n"),
        std::string("event: error\r\ndata: out of memory\r\n\r\n"), std::string("event:error\rdata: x\r\r")}) {
    EXPECT_TRUE(stream_tells_failure(token + failed + done)) << failed;
    EXPECT_TRUE(stream_tells_failure(failed)) << failed;
  }
}

}  // namespace
}  // namespace obleth::wire
