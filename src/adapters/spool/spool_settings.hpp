// How the spool is kept. A value.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/instant.hpp"

namespace obleth::adapters {

// What gives way when the spool is full.
enum class WhenFull : std::uint8_t { drop_new, drop_old };

struct SpoolSettings {
  static constexpr std::uint64_t segment_bytes_most = 64ULL << 20;
  static constexpr std::uint64_t segment_bytes_least = 32ULL << 10;
  static constexpr std::uint64_t segments_in_bound = 16;

  std::string folder;  // made where it is missing
  std::uint64_t bytes_max = 1ULL << 30;
  WhenFull when_full = WhenFull::drop_new;
  Duration sync_every = std::chrono::milliseconds(100);  // 0: at once after each write
  std::uint32_t writers = 1;
  std::uint64_t quarantine_bytes_max = 64ULL << 20;

  // A segment is followed by another at this size: small against the bound, so that what is acknowledged makes room.
  [[nodiscard]] std::uint64_t segment_bytes() const {
    const std::uint64_t parts = std::max<std::uint64_t>(segments_in_bound, std::uint64_t{4} * writers);
    return std::clamp(bytes_max / parts, segment_bytes_least, segment_bytes_most);
  }
};

}  // namespace obleth::adapters
