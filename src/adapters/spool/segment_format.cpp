#include "adapters/spool/segment_format.hpp"

#include <bit>
#include <cstring>

#include "adapters/spool/crc32c.hpp"

namespace obleth::adapters {
namespace {

static_assert(std::endian::native == std::endian::little, "the spool is written as the memory stands");

constexpr std::string_view segment_magic = "OBLSPOOL";

// Of a segment's head.
constexpr std::size_t at_version = 8;
constexpr std::size_t at_head_bytes = 10;
constexpr std::size_t at_id_high = 16;
constexpr std::size_t at_id_low = 24;
constexpr std::size_t at_head_crc = 60;
// Of a record's head.
constexpr std::size_t at_payload_bytes = 4;
constexpr std::size_t at_kind = 8;
constexpr std::size_t at_payload_crc = 12;
constexpr std::size_t at_record_crc = 16;

template <class Number>
void put(char* to, Number value) {
  std::memcpy(to, &value, sizeof value);
}
template <class Number>
Number get(const char* from) {
  Number value{};
  std::memcpy(&value, from, sizeof value);
  return value;
}

std::uint32_t record_head_crc(const char* head, std::uint64_t offset, std::uint32_t seed) {
  std::array<char, sizeof offset + at_record_crc> covered;
  put(covered.data(), offset);
  std::memcpy(covered.data() + sizeof offset, head, at_record_crc);
  return crc32c(seed, {covered.data(), covered.size()});
}

}  // namespace

std::uint32_t segment_seed(Bits128 segment) {
  std::array<char, sizeof segment> raw;
  put(raw.data(), segment.high);
  put(raw.data() + sizeof segment.high, segment.low);
  return crc32c(0, {raw.data(), raw.size()});
}

Bits128 segment_id_at(WallTime created, Bits128 random) {
  return {.high = (static_cast<std::uint64_t>(created.unix_ms) << 16U) | (random.high & 0xFFFFU), .low = random.low};
}

WallTime created_at(Bits128 segment) {
  return {static_cast<std::int64_t>(segment.high >> 16U)};
}

std::array<char, segment_head_bytes> segment_head(Bits128 segment) {
  std::array<char, segment_head_bytes> head{};
  std::memcpy(head.data(), segment_magic.data(), segment_magic.size());
  put(head.data() + at_version, segment_version);
  put(head.data() + at_head_bytes, static_cast<std::uint16_t>(segment_head_bytes));
  put(head.data() + at_id_high, segment.high);
  put(head.data() + at_id_low, segment.low);
  put(head.data() + at_head_crc, crc32c(0, {head.data(), at_head_crc}));
  return head;
}

SegmentHead judge_segment_head(std::string_view bytes, Bits128 segment) {
  if (bytes.size() < segment_head_bytes || !bytes.starts_with(segment_magic)) return SegmentHead::damaged;
  if (get<std::uint32_t>(bytes.data() + at_head_crc) != crc32c(0, bytes.substr(0, at_head_crc))) {
    return SegmentHead::damaged;
  }
  if (get<std::uint16_t>(bytes.data() + at_version) > segment_version) return SegmentHead::newer;
  const Bits128 told{get<std::uint64_t>(bytes.data() + at_id_high), get<std::uint64_t>(bytes.data() + at_id_low)};
  return told == segment ? SegmentHead::ours : SegmentHead::damaged;
}

void put_record_head(std::span<char> record, std::uint64_t offset, std::uint32_t seed) {
  char* const head = record.data();
  const std::string_view payload(head + record_head_bytes, record.size() - record_head_bytes);
  std::memcpy(head, record_sync_word.data(), record_sync_word.size());
  put(head + at_payload_bytes, static_cast<std::uint32_t>(payload.size()));
  put(head + at_kind, std::uint32_t{record_kind_usage});
  put(head + at_payload_crc, crc32c(seed, payload));
  put(head + at_record_crc, record_head_crc(head, offset, seed));
}

std::optional<RecordHead> read_record_head(std::string_view bytes, std::uint64_t offset, std::uint32_t seed) {
  const char* const head = bytes.data();
  if (!bytes.starts_with(record_sync_word)) return std::nullopt;
  if (get<std::uint32_t>(head + at_record_crc) != record_head_crc(head, offset, seed)) return std::nullopt;
  const RecordHead read{.payload_bytes = get<std::uint32_t>(head + at_payload_bytes),
                        .kind = get<std::uint8_t>(head + at_kind),
                        .payload_crc = get<std::uint32_t>(head + at_payload_crc)};
  return read.payload_bytes <= record_payload_bytes_max ? std::optional(read) : std::nullopt;
}

}  // namespace obleth::adapters
