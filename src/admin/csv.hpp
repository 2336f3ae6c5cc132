// Rows as CSV (RFC 4180) that a spreadsheet opens without running anything. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "admin/json.hpp"

namespace obleth::admin {

// Appends the cell without a separator: text quoted where it must be, numbers and true or false as they are, null
// empty. Text that a spreadsheet would take for a formula begins with an apostrophe (OWASP, CSV injection).
void append_csv_cell(std::string& line, const Json& value);
void append_csv_text(std::string& line, std::string_view text);

}  // namespace obleth::admin
