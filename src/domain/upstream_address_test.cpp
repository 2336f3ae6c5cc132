#include "domain/upstream_address.hpp"

#include <gtest/gtest.h>

namespace obleth {
namespace {

TEST(UpstreamAddress, ReadsSchemeHostPortAndPath) {
  const auto address = parse_upstream_address("http://vllm-1:8000/v1");
  ASSERT_TRUE(address);
  EXPECT_FALSE(address->tls);
  EXPECT_EQ(address->host, "vllm-1");
  EXPECT_EQ(address->port, 8000);
  EXPECT_EQ(address->authority, "vllm-1:8000");
  EXPECT_EQ(address->base_path, "");
}

TEST(UpstreamAddress, TheSchemesOwnPortIsNotInTheHostHeader) {
  const auto address = parse_upstream_address("https://api.example.com:443/openai/v1/");
  ASSERT_TRUE(address);
  EXPECT_TRUE(address->tls);
  EXPECT_EQ(address->authority, "api.example.com");
  EXPECT_EQ(address->base_path, "/openai");
}

TEST(UpstreamAddress, TakesBracketedIpv6) {
  const auto address = parse_upstream_address("http://[::1]:9000");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->authority, "[::1]:9000");
}

TEST(UpstreamAddress, AnAddressInAnotherFormThanTheUsualIsDisguised) {
  for (const char* host : {"2852039166", "0xA9FEA9FE", "0251.0376.0251.0376", "127.1", "127.1.", "a.0x7f", "8.8.8.8.",
                           "169.254.169.254.."})
    EXPECT_TRUE(is_disguised_address(host)) << host;
  for (const char* host : {"169.254.169.254", "10.0.0.1", "::1", "vllm-1", "1.example.com", "example.com."})
    EXPECT_FALSE(is_disguised_address(host)) << host;
}

TEST(UpstreamAddress, V1IsNotRepeated) {
  for (const char* base : {"http://h", "http://h/", "http://h/v1", "http://h/v1/"}) {
    const auto address = parse_upstream_address(base);
    ASSERT_TRUE(address) << base;
    EXPECT_EQ(join_target(*address, "/v1/models?x=%2F"), "/v1/models?x=%2F") << base;
  }
}

TEST(UpstreamAddress, RefusesWhatIsNotAPlainHttpUrl) {
  for (const char* url :
       {"", "ftp://h", "h:80", "http://", "http://user@h", "http://h:0", "http://h:65536", "http://h:", "http://h/?q",
        "http://h/#f", "http://h\r\n/", "http://[::1", "http://[g]", "http://h:8a"}) {
    EXPECT_FALSE(parse_upstream_address(url)) << url;
  }
}

}  // namespace
}  // namespace obleth
