#include "domain/http_message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace obleth {
namespace {

TEST(HeaderBlock, KeepsOrderHoweverManyThereAre) {
  std::vector<std::string> names;
  for (std::size_t number = 0; number < header_count_max; ++number)
    names.push_back("name-" + std::to_string(number));
  HeaderBlock block;
  for (int round = 0; round < 2; ++round) {
    block.clear();
    for (std::size_t number = 0; number < header_count_max; ++number) {
      ASSERT_TRUE(block.append({names[number], "value"}));
      ASSERT_EQ(block.fields().size(), number + 1);
      ASSERT_EQ(block.fields().front().name, "name-0");
      ASSERT_EQ(block.fields().back().name, names[number]);
    }
    EXPECT_FALSE(block.append({"one", "too many"}));
    EXPECT_EQ(block.fields()[64].name, "name-64");
  }
}

TEST(HeaderBlock, FindsTheFirstOfANameInAnyCase) {
  HeaderBlock block;
  ASSERT_TRUE(block.append({"X-Custom", "one"}));
  ASSERT_TRUE(block.append({"x-custom", "two"}));
  EXPECT_EQ(block.find("X-CUSTOM"), "one");
  EXPECT_EQ(block.count("x-Custom"), 2U);
  EXPECT_FALSE(block.find("other"));
}

TEST(HeaderBlock, AFewHeadersTakeLittleRoom) {
  EXPECT_LE(sizeof(HeaderBlock), 1024U);
}

}  // namespace
}  // namespace obleth
