#include "wire/tool_list.hpp"

#include <gtest/gtest.h>

#include "wire/byte_order_mark.hpp"

namespace obleth::wire {
namespace {

std::string list_of(const std::string& tools) {
  return R"({"jsonrpc":"2.0","id":1,"result":{"tools":[)" + tools + R"(],"nextCursor":"c"}})";
}

bool allowed(std::string_view name) {
  return name.starts_with("get");
}

std::string kept(const std::string& tools) {
  return without_tools(list_of(tools), allowed).value().value_or("unchanged");
}

TEST(ToolList, OnlyWhatIsDeniedGoesAndTheRestStaysAsItCame) {
  const std::string a = R"({ "name":"get-a", "x" : 1.0 })";
  const std::string b = R"({"name":"get-b"})";
  const std::string no = R"({"name":"rm","inputSchema":{"name":"get-x"}})";
  EXPECT_EQ(kept(a + " , " + b), "unchanged");
  EXPECT_EQ(kept(no + " , " + a), list_of(a));
  EXPECT_EQ(kept(a + " , " + no), list_of(a));
  EXPECT_EQ(kept(a + "," + no + " ,\n" + b), list_of(a + " ,\n" + b));
  EXPECT_EQ(kept(no + "," + no + "," + a + "," + no + "," + no + "," + b), list_of(a + "," + b));
  EXPECT_EQ(kept(no), list_of(""));
  EXPECT_EQ(kept(""), "unchanged");
}

TEST(ToolList, ANameThatIsNotCertainIsNotShown) {
  for (const char* tool : {R"({"name":"get-a","name":"rm"})", R"({"title":"get-a"})", R"({"name":7})", "5", "null"}) {
    EXPECT_EQ(kept(tool), list_of("")) << tool;
  }
  EXPECT_EQ(kept(R"({"n\u0061me":"g\u0065t"})"), "unchanged");
}

TEST(ToolList, EveryMessageOfABatchIsLookedAtAndNothingElse) {
  const std::string no = R"({"name":"rm"})";
  EXPECT_EQ(without_tools("[" + list_of(no) + "," + list_of(no) + "]", allowed).value(),
            "[" + list_of("") + "," + list_of("") + "]");
  EXPECT_EQ(without_tools(R"({"jsonrpc":"2.0","method":"x","params":{"tools":[{"name":"rm"}]}})", allowed).value(),
            std::nullopt);
}

TEST(ToolList, WhatIsNotJsonIsToldApartFromAListWithNothingToTakeOut) {
  const std::string list = list_of(R"({"name":"rm"})");
  for (const std::string& text :
       {std::string("not JSON"), std::string(), list + "x", list.substr(1), std::string(byte_order_mark) + list,
        list.substr(0, list.size() - 1) + R"(,"x":NaN})"})
    EXPECT_FALSE(without_tools(text, allowed).has_value()) << text;
}

}  // namespace
}  // namespace obleth::wire
