// An answer of the response cache as it lies in Redis. Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ports/response_cache.hpp"

namespace obleth::adapters {

// Part of every name, so that another version's bytes are never read.
inline constexpr std::string_view answer_layout = "1";

[[nodiscard]] std::string encode_answer(const ports::KeptAnswer& answer);
// nullopt: these are not the bytes of one.
[[nodiscard]] std::optional<ports::KeptAnswer> decode_answer(std::string_view bytes);

}  // namespace obleth::adapters
