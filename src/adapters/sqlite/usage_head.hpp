// What stands before the rest of a packed row: all that a row is found and filtered by, beside its place. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "domain/ids.hpp"

namespace obleth::adapters {

struct UsageHead {
  std::int64_t tenant = 0;
  std::int64_t key = 0;
  std::int64_t kind = 0;  // usage_kinds.hpp
  EventId event;
};

// To the end of packed; the rest (usage_rest.hpp) follows.
void pack_head(const UsageHead& head, std::string& packed);
// The rest behind it. Nothing: the bytes are something else.
[[nodiscard]] std::optional<std::span<const std::uint8_t>> unpack_head(std::span<const std::uint8_t> packed,
                                                                       UsageHead& head);

}  // namespace obleth::adapters
