// How a command reports what it found.
//
// Thread: one, the program's.
#pragma once

#include <boost/json/value.hpp>
#include <iosfwd>
#include <span>
#include <string_view>

#include "cli/text_table.hpp"

namespace obleth::cli {

// Prints what a command found: tables for a person, one line of JSON for a program (--json).
class Report {
 public:
  Report(std::ostream& out, bool as_json) : out_(out), as_json_(as_json) {}

  void rows(const boost::json::array& rows, std::span<const Column> columns);
  // A secret in it is shown in a line of its own: it is not told again.
  void record(const boost::json::value& record);
  // One sentence for a person; the value for a program.
  void done(std::string_view sentence, const boost::json::value& value);
  void raw(std::string_view text);
  // Of a text that comes in parts. False: the output takes no more, which is told at the end.
  [[nodiscard]] bool part(std::string_view text);

 private:
  std::ostream& out_;
  bool as_json_;
};

}  // namespace obleth::cli
