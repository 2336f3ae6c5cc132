// Text that others wrote, for a person's terminal: what would move its cursor, colour it or turn the direction of
// writing is shown as an escape (\n, \u001b) in place of being obeyed. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace obleth {

// text is UTF-8. Escaped are C0, DEL, C1 (ECMA-48) and the marks of direction (Unicode TR 9).
void append_terminal_text(std::string& out, std::string_view text);
[[nodiscard]] std::string terminal_text(std::string_view text);

}  // namespace obleth
