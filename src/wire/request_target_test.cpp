#include "wire/request_target.hpp"

#include <gtest/gtest.h>

#include <string>

namespace obleth::wire {
namespace {

TEST(RequestTarget, EveryPathHasOneSpelling) {
  struct Case {
    const char* target;
    const char* path;
  };
  for (const Case& one : {
           Case{"/", "/"},
           Case{"//", "/"},
           Case{"/v1/models", "/v1/models"},
           Case{"/v1/models/", "/v1/models"},
           Case{"/v1//models///", "/v1/models"},
           Case{"//v1/models", "/v1/models"},
           Case{"/./v1/./models/.", "/v1/models"},
           Case{"/v1/models?x=/../%zz", "/v1/models"},
           Case{"/v1/%6dodels", "/v1/models"},
           Case{"/%76%31/%6D%6f", "/v1/mo"},
           Case{"/%2Fpause", "/pause"},
           Case{"/%2e/pause", "/pause"},
           Case{"/pause%2F", "/pause"},
           Case{"/v1/models/meta%2Fllama", "/v1/models/meta/llama"},
           Case{"/v1/models/meta%2fllama", "/v1/models/meta/llama"},
           Case{"/v1/models/a%20b", "/v1/models/a b"},
           Case{"/a%3Fb", "/a?b"},
           Case{"/a%23b", "/a#b"},
           Case{"/a%25b", "/a%b"},
           Case{"/%252e%252e/x", "/%2e%2e/x"},
           Case{"/...", "/..."},
           Case{"/..a/b..", "/..a/b.."},
           Case{"/caf%C3%A9", "/caf\xC3\xA9"},
           Case{"/a;b=c/d", "/a;b=c/d"},
           Case{"/?", "/"},
           Case{"*", "*"},
       }) {
    const auto matched = normalise_target(one.target);
    ASSERT_TRUE(matched.has_value()) << one.target;
    EXPECT_EQ(matched->path, one.path) << one.target;
  }
}

TEST(RequestTarget, HostilePathsAreRefused) {
  for (const char* target : {
           "",       "v1",        "?",         "**",      "/..",     "/../",       "/a/..",       "/a/../b",
           "/../a",  "/%2e%2e",   "/%2E%2E/a", "/.%2e/a", "/%2e./a", "/..%2Fa",    "/a%2F..%2Fb", "/%2e%2e%2fa",
           "/a\\b",  "/a%5Cb",    "/a%5c",     "/..\\a",  "/%00",    "/a%00.json", "/a%0ab",      "/a%0D%0Ab",
           "/a%09b", "/%1b",      "/%7F",      "/%",      "/%2",     "/%zz",       "/%2g",        "/%g2",
           "/%%",    "/a%u0041",  "/% 41",     "/a b",    "/a#b",    "/a\x01",     "/a\x7F",      "/a\tb",
           "/..?x",  "/%2e%2e?x",
       }) {
    EXPECT_FALSE(normalise_target(target).has_value()) << target;
  }
}

TEST(RequestTarget, AnEncodedSlashIsReportedAndAPlainOneIsNot) {
  EXPECT_TRUE(normalise_target("/v1%2Fmodels")->has_encoded_slash);
  EXPECT_TRUE(normalise_target("/v1/models%2f")->has_encoded_slash);
  EXPECT_FALSE(normalise_target("/v1/models?a=%2F")->has_encoded_slash);
  EXPECT_FALSE(normalise_target("/v1/%6dodels")->has_encoded_slash);
}

TEST(RequestTarget, TheQueryIsGivenRaw) {
  EXPECT_EQ(normalise_target("/a?b=%2F&c=?d")->raw_query, "b=%2F&c=?d");
  EXPECT_EQ(normalise_target("/a?")->raw_query, "");
  EXPECT_EQ(normalise_target("/a")->raw_query, "");
}

TEST(RequestTarget, ATargetIsMadeOutInAHeadThatIsRefused) {
  EXPECT_EQ(claimed_target("POST /v1/messages?a HTTP/1.1\r\nbad name: a\r\n\r\n"), "/v1/messages?a");
  EXPECT_EQ(claimed_target("POST /v1/messages HTTP/1.1\n"), "/v1/messages");
  for (const char* none : {"", "POST /v1/messages HTTP/1.1", "POST\n", "\r\nPOST /a"})
    EXPECT_EQ(claimed_target(none), "") << none;
}

TEST(RequestTarget, NormalisingTwiceChangesNothingMore) {
  for (const char* target : {"/a//b/./c/", "/x%41/y", "/", "/v1/models/meta%2Fllama"}) {
    const std::string once = normalise_target(target)->path;
    EXPECT_EQ(normalise_target(once)->path, once);
  }
}

}  // namespace
}  // namespace obleth::wire
