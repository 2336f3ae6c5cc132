#include "wire/percent_text.hpp"

#include <gtest/gtest.h>

namespace obleth::wire {
namespace {

TEST(PercentText, AnyByteComesOfItsTwoDigits) {
  EXPECT_EQ(percent_decoded(""), "");
  EXPECT_EQ(percent_decoded("a+b/~"), "a+b/~");
  EXPECT_EQ(percent_decoded("%41%2f%fF%2525"), "A/\xFF%25");
  EXPECT_EQ(percent_decoded("%00"), std::string(1, '\0'));
}

TEST(PercentText, EscapeThatIsCutOffOrNoNumberIsNone) {
  for (const char* wrong : {"%", "a%", "%4", "%4g", "%g4", "%%41", "% 1"})
    EXPECT_EQ(percent_decoded(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace obleth::wire
