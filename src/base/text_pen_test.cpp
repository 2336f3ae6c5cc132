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

TEST(TextPen, TextsOfEveryLengthAreWrittenWhole) {
  const std::string letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  for (std::size_t size = 0; size <= letters.size(); ++size) {
    std::string text;
    append_with_pen(text, letters.size() + 2, [&](TextPen& pen) {
      pen.character('<');
      pen.plain(std::string_view(letters).substr(0, size));
      pen.character('>');
    });
    EXPECT_EQ(text, "<" + letters.substr(0, size) + ">");
  }
}

TEST(TextPen, NumbersOfEveryLengthAreWrittenAsTheLibraryDoes) {
  for (std::int64_t number = -1200; number <= 1200; ++number) {
    std::string text;
    append_with_pen(text, TextPen::number_bytes_max, [number](TextPen& pen) { pen.number(number); });
    EXPECT_EQ(text, std::to_string(number));
  }
}

}  // namespace
}  // namespace obleth
