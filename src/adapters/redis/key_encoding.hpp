// A resolved key as it lies in Redis, with the version of the record that it was read at. Never a secret: only hashes.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/api_key.hpp"

namespace obleth::adapters {

// Part of the name of an entry: raised with every change of the layout, so that versions of obleth run side by side.
inline constexpr std::string_view key_layout = "1";

struct KeyEntry {
  std::uint64_t record_version = 0;  // it holds what the record held then, or later
  ResolvedKey resolved;
};

[[nodiscard]] std::string encode_key(const KeyEntry& entry);
// nullopt: these are not the bytes of an entry.
[[nodiscard]] std::optional<KeyEntry> decode_key(std::string_view bytes);

}  // namespace obleth::adapters
