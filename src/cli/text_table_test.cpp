#include "cli/text_table.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/json/parse.hpp>

namespace obleth::cli {
namespace {

TEST(TextTable, ShowsUnixMillisecondsAsTheMomentThatTheyAre) {
  static constexpr std::array columns{Column{"ENDED", "ts", Shown::as_moment}, Column{"STATUS", "status"}};
  const boost::json::value rows = boost::json::parse(R"([{"ts":1795328445840,"status":200},{"ts":null,"status":429}])");
  EXPECT_EQ(text_table(rows.as_array(), columns),
            "ENDED                     STATUS\n"
            "2026-11-22T06:20:45.840Z     200\n"
            "-                            429\n");
}

TEST(TextTable, ShowsNothingThatATerminalWouldObey) {
  static constexpr std::array columns{Column{"TARGET", "target"}, Column{"AFTER", "after"}};
  const boost::json::value rows =
      boost::json::parse(R"([{"target":["a\u001b[31m","b\r\n"],"after":{"n":"\u009b\u202e"}}])");
  EXPECT_EQ(text_table(rows.as_array(), columns),
            "TARGET                  AFTER\n"
            "a\\u001b[31m, b\\u000d\\n  {\"n\":\"\\u009b\\u202e\"}\n");
  const boost::json::value record = boost::json::parse(R"({"description":"two\nlines\u0007"})");
  EXPECT_EQ(text_record(record.as_object()), "description  two\\nlines\\u0007\n");
}

}  // namespace
}  // namespace obleth::cli
