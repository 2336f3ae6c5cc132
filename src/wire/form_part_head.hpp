// The header lines of one part of a form, and the parameters that its name and a form's boundary stand in. Private to
// wire/form_scanner. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace obleth::wire {

struct FormPartHead {
  std::string_view fault;   // static text; empty: valid
  std::string name;         // of the field
  bool is_file = false;     // it has a file name
  bool is_encoded = false;  // a Content-Transfer-Encoding that changes its bytes
};

// lines: complete header lines, each with its CRLF.
[[nodiscard]] FormPartHead read_form_part_head(std::string_view lines);

struct HeaderParameter {
  std::string_view name;
  std::string_view value;      // inside of its quotes
  bool has_backslash = false;  // in a quoted value
};

// Takes "; name=value" from the front of text. Absent: text does not begin so.
[[nodiscard]] std::optional<HeaderParameter> take_parameter(std::string_view& text);

}  // namespace obleth::wire
