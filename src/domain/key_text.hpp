// Keys where they do not belong: in a text of a client's that records and log would keep. Pure.
#pragma once

#include <string_view>

namespace obleth {

// A whole key of ours stands somewhere in it.
[[nodiscard]] bool holds_key(std::string_view text);

}  // namespace obleth
