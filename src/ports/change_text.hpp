// A change of the configuration as the text in which replicas tell it to each other: "models", "tenant TENANT_ID",
// "key KEY_ID TENANT_ID", with ids as 32 hex digits. Pure.
#pragma once

#include <string>
#include <string_view>

#include "ports/change_feed.hpp"

namespace obleth::ports {

[[nodiscard]] std::string text_of_change(const Change& change);
// What this version does not know, a newer replica may well mean: everything.
[[nodiscard]] Change change_of_text(std::string_view text);

// Up to the next space, which goes with it.
[[nodiscard]] std::string_view take_word(std::string_view& text);

}  // namespace obleth::ports
