// Keys where they do not belong: in a text of a client's that records and log would keep. Pure.
#pragma once

#include <string_view>

namespace obleth {

// A whole key of ours, or an admin token, stands somewhere in it.
[[nodiscard]] bool holds_key(std::string_view text);

// text; of one that holds a key only that it does.
[[nodiscard]] std::string_view without_key(std::string_view text);

}  // namespace obleth
