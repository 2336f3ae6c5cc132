#include "admin/csv.hpp"

namespace obleth::admin {
namespace {

constexpr std::string_view begins_a_formula = "=+-@\t\r\n";
constexpr std::string_view needs_quotes = "\",\r\n";

}  // namespace

void append_csv_text(std::string& line, std::string_view text) {
  const bool is_formula = !text.empty() && begins_a_formula.contains(text.front());
  if (text.find_first_of(needs_quotes) == std::string_view::npos) {
    if (is_formula) line += '\'';
    line += text;
    return;
  }
  line += '"';
  if (is_formula) line += '\'';
  for (const char c : text) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

void append_csv_cell(std::string& line, const Json& value) {
  if (value.is_null()) return;
  if (const std::string* text = value.text()) return append_csv_text(line, *text);
  line += to_text(value);
}

}  // namespace obleth::admin
