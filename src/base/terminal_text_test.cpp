#include "base/terminal_text.hpp"

#include <gtest/gtest.h>

namespace obleth {
namespace {

TEST(TerminalText, WhatATerminalWouldObeyIsShown) {
  EXPECT_EQ(terminal_text("a\x1B[31mb\x07\r\n\tc\x7F"), "a\\u001b[31mb\\u0007\\u000d\\n\\tc\\u007f");
  EXPECT_EQ(terminal_text("\xC2\x80\xC2\x9B"
                          "31m\xC2\x9F"),
            "\\u0080\\u009b31m\\u009f");
  EXPECT_EQ(terminal_text("\u061C\u200E\u200F\u202A\u202E\u2066\u2069"),
            "\\u061c\\u200e\\u200f\\u202a\\u202e\\u2066\\u2069");
  EXPECT_EQ(terminal_text(std::string_view("\0", 1)), "\\u0000");
}

TEST(TerminalText, OtherTextIsAsItIs) {
  for (const char* text : {"", "plain \"words\" \\", "é ü ß ≤ …", "\u00A0\u200D\u2029\u2065\u206A", "日本語 🙂", "ا"})
    EXPECT_EQ(terminal_text(text), text);
}

}  // namespace
}  // namespace obleth
