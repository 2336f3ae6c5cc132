#include "domain/upstream_reference.hpp"

#include <gtest/gtest.h>

namespace obleth {
namespace {

TEST(UpstreamReference, ThePathIsWhatFollowsTheAuthority) {
  EXPECT_EQ(upstream_path("http://m:1"), "/");
  EXPECT_EQ(upstream_path("https://m/v1/"), "/v1/");
}

TEST(UpstreamReference, StaysAtItsUpstreamOrLeadsNowhere) {
  const UpstreamAddress server = *parse_upstream_address("http://m:1/a/sse");
  EXPECT_EQ(resolve_reference(server, "/a/sse", "/message?x=1"), "/message?x=1");
  EXPECT_EQ(resolve_reference(server, "/a/sse?y", "message?x=1"), "/a/message?x=1");
  EXPECT_EQ(resolve_reference(server, "/a/sse?y", "?x=1"), "/a/sse?x=1");
  EXPECT_EQ(resolve_reference(server, "/a/sse", "http://M:1/m?x"), "/m?x");
  EXPECT_EQ(resolve_reference(server, "/a/sse", "http://m:1?x"), "/?x");
  for (const char* elsewhere :
       {"http://other:1/m", "http://m:2/m", "https://m:1/m", "//other/m", "javascript:x", "../m", "", "/a b", "/a#b"}) {
    EXPECT_EQ(resolve_reference(server, "/a/sse", elsewhere), std::nullopt) << elsewhere;
  }
}

}  // namespace
}  // namespace obleth
