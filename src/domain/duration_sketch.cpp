#include "domain/duration_sketch.hpp"

#include <algorithm>
#include <bit>

namespace obleth {
namespace {

constexpr std::uint32_t exact_below = 16;
constexpr std::uint32_t exact_bits = 4;         // exact_below is 2^4
constexpr std::uint32_t fraction_bits = 3;      // eight buckets to a power of two
constexpr std::uint32_t buckets_of_kind = 240;  // up to 2^32 ms, 49 days
constexpr std::int64_t ms_max = (1LL << 32) - 1;

std::uint32_t bucket_of(DurationKind kind, std::int64_t ms) {
  const std::uint32_t base = static_cast<std::uint32_t>(kind) * buckets_of_kind;
  const auto value = static_cast<std::uint64_t>(std::clamp<std::int64_t>(ms, 0, ms_max));
  if (value < exact_below) return base + static_cast<std::uint32_t>(value);
  const auto power = static_cast<std::uint32_t>(std::bit_width(value)) - 1;
  const std::uint64_t fraction = (value >> (power - fraction_bits)) & ((1U << fraction_bits) - 1);
  return base + exact_below + ((power - exact_bits) << fraction_bits) + static_cast<std::uint32_t>(fraction);
}

// The middle of the bucket.
std::int64_t middle_of(std::uint32_t bucket_in_kind) {
  if (bucket_in_kind < exact_below) return bucket_in_kind;
  const std::uint32_t beyond = bucket_in_kind - exact_below;
  const std::uint32_t shift = (beyond >> fraction_bits) + exact_bits - fraction_bits;
  const std::int64_t fraction = (1 << fraction_bits) + (beyond & ((1U << fraction_bits) - 1));
  return (fraction << shift) + ((1LL << shift) >> 1);
}

void put_varint(std::vector<std::uint8_t>& bytes, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    bytes.push_back(static_cast<std::uint8_t>(value | 0x80));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

std::optional<std::uint64_t> take_varint(std::span<const std::uint8_t>& bytes) {
  std::uint64_t value = 0;
  for (std::uint32_t shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const std::uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

}  // namespace

void DurationSketch::add_count(std::uint32_t bucket, std::uint64_t count) {
  const auto place = std::ranges::lower_bound(entries_, bucket, {}, &Entry::bucket);
  if (place != entries_.end() && place->bucket == bucket) {
    place->count += count;
  } else {
    entries_.insert(place, {bucket, count});
  }
}

void DurationSketch::add(DurationKind kind, std::int64_t ms) {
  add_count(bucket_of(kind, ms), 1);
}

void DurationSketch::add(const DurationSketch& other) {
  for (const Entry& entry : other.entries_)
    add_count(entry.bucket, entry.count);
}

bool DurationSketch::add_encoded(std::span<const std::uint8_t> bytes) {
  std::uint64_t bucket = 0;
  while (!bytes.empty()) {
    const auto step = take_varint(bytes);
    const auto count = take_varint(bytes);
    if (!step || !count) return false;
    bucket += *step;
    if (bucket >= 3ULL * buckets_of_kind) return false;
    add_count(static_cast<std::uint32_t>(bucket), *count);
  }
  return true;
}

std::vector<std::uint8_t> DurationSketch::encoded() const {
  std::vector<std::uint8_t> bytes;
  std::uint32_t before = 0;
  for (const Entry& entry : entries_) {
    put_varint(bytes, entry.bucket - before);
    put_varint(bytes, entry.count);
    before = entry.bucket;
  }
  return bytes;
}

std::optional<std::int64_t> DurationSketch::quantile_ms(DurationKind kind, std::int64_t permille) const {
  const std::uint32_t base = static_cast<std::uint32_t>(kind) * buckets_of_kind;
  const auto begin = std::ranges::lower_bound(entries_, base, {}, &Entry::bucket);
  const auto end = std::ranges::lower_bound(entries_, base + buckets_of_kind, {}, &Entry::bucket);
  std::uint64_t all = 0;
  for (auto entry = begin; entry != end; ++entry)
    all += entry->count;
  if (all == 0) return std::nullopt;
  // The smallest duration that at least this part of the requests did not pass.
  const std::uint64_t rank = std::max<std::uint64_t>(1, (all * static_cast<std::uint64_t>(permille) + 999) / 1000);
  std::uint64_t passed = 0;
  for (auto entry = begin; entry != end; ++entry) {
    passed += entry->count;
    if (passed >= rank) return middle_of(entry->bucket - base);
  }
  return std::nullopt;
}

}  // namespace obleth
