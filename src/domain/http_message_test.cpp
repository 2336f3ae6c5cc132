#include "domain/http_message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
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

TEST(HeaderBlock, FindsTheFirstOfANameThatWasSentInAnyCase) {
  struct Names {
    const char* sent;
    FieldName asked;
    FieldName similar;
  };
  for (const Names& names : {Names{"X-Custom", "x-custom", "y-custom"}, Names{"HOST", "host", "yost"},
                             Names{"x-LONG-Name-2", "x-long-name-2", "y-long-name-2"}}) {
    HeaderBlock block;
    ASSERT_TRUE(block.append({names.sent, "one"}));
    ASSERT_TRUE(block.append({names.asked.text(), "two"}));
    EXPECT_EQ(block.find(names.asked), "one");
    EXPECT_EQ(block.count(names.asked), 2U);
    EXPECT_FALSE(block.find("other"));
    EXPECT_FALSE(block.find(names.similar));
  }
}

TEST(HeaderBlock, AFewHeadersTakeLittleRoom) {
  EXPECT_LE(sizeof(HeaderBlock), 1024U);
}

}  // namespace
}  // namespace obleth
