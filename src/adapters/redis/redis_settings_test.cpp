#include "adapters/redis/redis_settings.hpp"

#include <gtest/gtest.h>

namespace obleth::adapters {
namespace {

TEST(RedisAddress, NeedsOnlyAHost) {
  const auto address = RedisAddress::parse("redis://cache");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->at, (HostAndPort{"cache", 6379}));
  EXPECT_FALSE(address->tls);
  EXPECT_TRUE(address->password.empty());
}

TEST(RedisAddress, HoldsUserPasswordPortAndDatabase) {
  const auto address = RedisAddress::parse("rediss://gate:p%40ss%2Fword@[::1]:7000/3");
  ASSERT_TRUE(address);
  EXPECT_TRUE(address->tls);
  EXPECT_EQ(address->user, "gate");
  EXPECT_EQ(address->password.reveal(), "p@ss/word");
  EXPECT_EQ(address->at, (HostAndPort{"::1", 7000}));
  EXPECT_EQ(address->database, 3U);
}

TEST(RedisAddress, TakesAPasswordWithoutAUser) {
  const auto address = RedisAddress::parse("redis://:secret@cache");
  ASSERT_TRUE(address);
  EXPECT_TRUE(address->user.empty());
  EXPECT_EQ(address->password.reveal(), "secret");
}

TEST(RedisAddress, ShowsNoCredentials) {
  EXPECT_EQ(RedisAddress::parse("rediss://gate:secret@cache:7000/3")->text(), "rediss://cache:7000/3");
  EXPECT_EQ(RedisAddress::parse("redis://:secret@[::1]")->text(), "redis://[::1]:6379");
}

TEST(RedisAddress, RefusesWhatMakesNoSense) {
  for (const char* url : {"", "cache", "http://cache", "redis://", "redis://cache:0", "redis://cache:70000",
                          "redis://cache:x", "redis://cache/x", "redis://%zz@cache", "redis://[::1", "redis://a b"}) {
    EXPECT_FALSE(RedisAddress::parse(url)) << url;
  }
}

}  // namespace
}  // namespace obleth::adapters
