// News of a change as one line of text on a channel: "1 SENDER key KEY_ID TENANT_ID". Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ports/change_feed.hpp"

namespace obleth::adapters {

[[nodiscard]] std::string encode_change(const ports::Change& change, std::string_view sender);

// nullopt: the sender's own. What this version does not know may be anything: everything has changed.
[[nodiscard]] std::optional<ports::Change> decode_change(std::string_view text, std::string_view own_name);

}  // namespace obleth::adapters
