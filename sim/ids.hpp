// Ids of a simulation, by number: as scattered as real ones, and the same in every run.
#pragma once

#include <cstdint>

#include "base/strong_id.hpp"

namespace obleth::sim {

template <class Id>
[[nodiscard]] constexpr Id id_of(std::uint64_t number) {
  return Id{Bits128{.high = ~number * 0xD6E8FEB86659FD93ULL, .low = number}};
}

}  // namespace obleth::sim
