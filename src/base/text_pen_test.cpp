#include "base/text_pen.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace obleth {
namespace {

TEST(TextPen, WritesBehindWhatThereIsAndNothingMore) {
  std::string text = "before ";
  append_with_pen(text, 64, [](TextPen& pen) {
    pen.plain("a word, ");
    pen.plain({});
    pen.number(std::numeric_limits<std::int64_t>::min());
    pen.character('.');
  });
  EXPECT_EQ(text, "before a word, -9223372036854775808.");
}

TEST(TextPen, MayWriteNothing) {
  std::string text = "before";
  append_with_pen(text, 64, [](TextPen&) {});
  EXPECT_EQ(text, "before");
}

}  // namespace
}  // namespace obleth
