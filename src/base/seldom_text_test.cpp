#include "base/seldom_text.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace obleth {
namespace {

TEST(SeldomText, IsEmptyUntilItSaysSomething) {
  SeldomText text;
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.view(), "");
  text = "";
  EXPECT_TRUE(text.empty());
  text = "mcp";
  EXPECT_FALSE(text.empty());
  EXPECT_EQ(text, "mcp");
  text.clear();
  EXPECT_TRUE(text.empty());
}

TEST(SeldomText, ACopyHasATextOfItsOwn) {
  SeldomText first;
  first = "one";
  SeldomText second(first);
  first = "other";
  EXPECT_EQ(second, "one");
  second = first;
  EXPECT_EQ(second, "other");
  const SeldomText third(std::move(second));
  EXPECT_EQ(third, "other");
}

TEST(SeldomText, TakesAPartOfItself) {
  SeldomText text;
  text = "tools/call";
  text = text.view().substr(6);
  EXPECT_EQ(text, "call");
  const SeldomText& same = text;
  text = same;
  EXPECT_EQ(text, "call");
}

}  // namespace
}  // namespace obleth
