// A change of the configuration as the text that replicas send each other. Pure.
#pragma once

#include <string>
#include <string_view>

#include "ports/change_feed.hpp"

namespace obleth::adapters {

// "models", "tenant <32 hex digits>", "key <32 hex digits> <32 hex digits>"
[[nodiscard]] std::string text_of_change(const ports::Change& change);
// What this version does not know, a newer replica may well mean: everything.
[[nodiscard]] ports::Change change_of_text(std::string_view text);

}  // namespace obleth::adapters
