// The bytes of a spool segment: its head, and the head of each record. docs/spool-format.md is this file in words.
//
// Little endian throughout. Every checksum starts from the segment's seed, and that of a record's head covers the place
// where it stands: bytes of another segment, or from elsewhere in this one, are never taken for a record. Pure; any
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/instant.hpp"
#include "base/strong_id.hpp"

namespace obleth::adapters {

inline constexpr std::uint16_t segment_version = 1;
inline constexpr std::size_t segment_head_bytes = 64;
inline constexpr std::size_t record_head_bytes = 20;
inline constexpr std::uint32_t record_payload_bytes_max = 64 * 1024;
inline constexpr std::uint8_t record_kind_usage = 1;

// No text has these bytes: 0xF5 and 0xFA do not occur in UTF-8.
inline constexpr std::string_view record_sync_word =
    "\xF5"
    "Ob"
    "\xFA";

// What every checksum of a segment starts from.
[[nodiscard]] std::uint32_t segment_seed(Bits128 segment);

// Unix time in ms in the high 48 bits, so that segments sort by age; the rest is random.
[[nodiscard]] Bits128 segment_id_at(WallTime created, Bits128 random);
[[nodiscard]] WallTime created_at(Bits128 segment);

[[nodiscard]] std::array<char, segment_head_bytes> segment_head(Bits128 segment);

enum class SegmentHead : std::uint8_t { ours, newer, damaged };
// bytes: the first segment_head_bytes of the file, or fewer where it is shorter.
[[nodiscard]] SegmentHead judge_segment_head(std::string_view bytes, Bits128 segment);

struct RecordHead {
  std::uint32_t payload_bytes = 0;
  std::uint8_t kind = record_kind_usage;
  std::uint32_t payload_crc = 0;
};

// Completes the record whose payload stands at out + record_head_bytes.
void put_record_head(std::span<char> record, std::uint64_t offset, std::uint32_t seed);
// nullopt: no head of a record of this segment at this offset. bytes: at least record_head_bytes.
[[nodiscard]] std::optional<RecordHead> read_record_head(std::string_view bytes, std::uint64_t offset,
                                                         std::uint32_t seed);

}  // namespace obleth::adapters
