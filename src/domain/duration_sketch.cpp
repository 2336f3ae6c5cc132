#include "domain/duration_sketch.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "base/varint.hpp"

namespace obleth {
namespace {

constexpr std::uint32_t exact_below = 16;
constexpr std::uint32_t exact_bits = 4;         // exact_below is 2^4
constexpr std::uint32_t fraction_bits = 3;      // eight buckets to a power of two
constexpr std::uint32_t buckets_of_kind = 240;  // up to 2^32 ms, 49 days
constexpr std::uint32_t buckets_of_all = 3 * buckets_of_kind;
constexpr std::size_t entries_max = 160;  // more are counted in an array
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

}  // namespace

void DurationSketch::add_count(std::uint32_t bucket, std::uint64_t count) {
  const auto place = std::ranges::lower_bound(entries_, bucket, {}, &Entry::bucket);
  auto from = static_cast<std::size_t>(place - entries_.begin());
  add_further(bucket, count, from);
}

void DurationSketch::add_further(std::uint32_t bucket, std::uint64_t count, std::size_t& from) {
  if (!spread_.empty()) {
    spread_[bucket] += count;
    return;
  }
  while (from < entries_.size() && entries_[from].bucket < bucket)
    ++from;
  if (from < entries_.size() && entries_[from].bucket == bucket) {
    entries_[from].count += count;
  } else {
    entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(from), {bucket, count});
    if (entries_.size() > entries_max) spread();
  }
}

void DurationSketch::spread() {
  spread_.resize(buckets_of_all);
  for (const Entry& entry : entries_)
    spread_[entry.bucket] = entry.count;
  entries_ = {};
}

template <class Visit>
void DurationSketch::each(std::uint32_t first, std::uint32_t end, Visit visit) const {
  for (auto entry = std::ranges::lower_bound(entries_, first, {}, &Entry::bucket);
       entry != entries_.end() && entry->bucket < end; ++entry)
    visit(entry->bucket, entry->count);
  if (spread_.empty()) return;
  for (std::uint32_t bucket = first; bucket < end; ++bucket)
    if (spread_[bucket] > 0) visit(bucket, spread_[bucket]);
}

void DurationSketch::add(DurationKind kind, std::int64_t ms) {
  add_count(bucket_of(kind, ms), 1);
}

std::uint32_t DurationSketch::bucket(DurationKind kind, std::int64_t ms) {
  return bucket_of(kind, ms);
}

bool DurationSketch::add_to_bucket(std::uint32_t bucket, std::uint64_t count) {
  if (bucket >= 3ULL * buckets_of_kind) return false;
  add_count(bucket, count);
  return true;
}

void DurationSketch::add(const DurationSketch& other) {
  std::size_t from = 0;
  other.each(0, buckets_of_all, [&](std::uint32_t bucket, std::uint64_t count) { add_further(bucket, count, from); });
}

bool DurationSketch::add_encoded(std::span<const std::uint8_t> bytes) {
  std::uint64_t bucket = 0;
  std::size_t from = 0;
  if (entries_.empty() && spread_.empty()) entries_.reserve(std::min(bytes.size() / 2, entries_max + 1));
  VarintReader reader(bytes);
  while (!reader.is_over()) {
    const std::uint64_t step = reader.next();
    const std::uint64_t count = reader.next();
    if (!reader.is_whole()) return false;
    bucket += step;
    if (bucket >= buckets_of_all) return false;
    add_further(static_cast<std::uint32_t>(bucket), count, from);
  }
  return true;
}

std::vector<std::uint8_t> DurationSketch::encoded() const {
  const std::size_t entries = spread_.empty() ? entries_.size() : spread_.size();
  std::vector<std::uint8_t> bytes(entries * 2 * varint_bytes_max);
  auto* const begin = reinterpret_cast<char*>(bytes.data());
  char* at = begin;
  std::uint32_t before = 0;
  each(0, buckets_of_all, [&](std::uint32_t bucket, std::uint64_t count) {
    at = put_varint(put_varint(at, bucket - before), count);
    before = bucket;
  });
  bytes.resize(static_cast<std::size_t>(at - begin));
  return bytes;
}

void DurationSketch::find_quantiles(DurationKind kind, std::span<const std::int64_t> permille,
                                    std::span<std::optional<std::int64_t>> found) const {
  const std::uint32_t base = static_cast<std::uint32_t>(kind) * buckets_of_kind;
  const std::uint32_t end = base + buckets_of_kind;
  std::uint64_t all = 0;
  each(base, end, [&all](std::uint32_t, std::uint64_t count) { all += count; });
  std::uint64_t passed = 0;
  std::size_t next = 0;
  each(base, end, [&](std::uint32_t bucket, std::uint64_t count) {
    passed += count;
    for (; next < permille.size(); ++next) {
      const std::uint64_t share = (all * static_cast<std::uint64_t>(permille[next]) + 999) / 1000;
      if (passed < std::max<std::uint64_t>(1, share)) return;
      found[next] = middle_of(bucket - base);
    }
  });
}

}  // namespace obleth
