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

TEST(TextTable, TellsAnEmptyListFromNone) {
  static constexpr std::array columns{Column{"NAME", "name"}, Column{"MODELS", "models"}};
  const boost::json::value rows =
      boost::json::parse(R"([{"name":"nobody","models":[]},{"name":"everybody","models":null}])");
  EXPECT_EQ(text_table(rows.as_array(), columns),
            "NAME       MODELS\n"
            "nobody     []\n"
            "everybody  -\n");
  EXPECT_EQ(text_record(rows.as_array()[0].as_object()), "name    nobody\nmodels  []\n");
}

TEST(TextTable, ARecordIsWholeWhereATableIsCut) {
  static constexpr std::array columns{Column{"BUDGET", "budget"}};
  const std::string budget =
      R"({"period":"month","tokens":50000000,"used":{"tokens":1,"cost_usd":"0"},"resets_at":null})";
  const boost::json::value record = boost::json::parse(R"({"budget":)" + budget + R"(,"rows":[{"a":)" + budget + "}]}");
  EXPECT_EQ(text_record(record.as_object()), "budget  " + budget + "\n\nrows\na\n" + budget + "\n");
  EXPECT_EQ(text_table({record}, columns), "BUDGET\n" + budget.substr(0, 60) + "…\n");
}

}  // namespace
}  // namespace obleth::cli
