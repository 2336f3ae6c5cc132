#include "base/append_all.hpp"

#include <gtest/gtest.h>

namespace obleth {
namespace {

TEST(AppendAll, PartsFollowEachOtherBehindWhatWasThere) {
  std::string text = "Host";
  append_all(text, {": ", "", std::string_view(), "a.example", "\r\n"});
  EXPECT_EQ(text, "Host: a.example\r\n");
}

TEST(AppendAll, GrowsBeyondWhatWasReserved) {
  std::string text;
  const std::string part(1000, 'x');
  for (int round = 0; round < 50; ++round)
    append_all(text, {part, "|"});
  EXPECT_EQ(text.size(), 50U * 1001U);
  EXPECT_TRUE(text.ends_with("x|"));
}

}  // namespace
}  // namespace obleth
