// How long requests took, as counts of durations of about the same length: added up without loss, read as quantiles.
//
// Buckets are exact below 16 ms, then eight to each power of two (the layout of HdrHistogram): a quantile is at most
// 1/16 off. Kept as bytes beside the sums that it belongs to. Pure; a value.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace obleth {

enum class DurationKind : std::uint8_t { total, ttft, queue };

class DurationSketch {
 public:
  void add(DurationKind kind, std::int64_t ms);
  void add(const DurationSketch& other);
  // What encoded() gave. False where the bytes are something else; some of them may have been added.
  [[nodiscard]] bool add_encoded(std::span<const std::uint8_t> bytes);
  [[nodiscard]] std::vector<std::uint8_t> encoded() const;

  // Nothing where no duration of the kind was added. permille: 500 is the median.
  [[nodiscard]] std::optional<std::int64_t> quantile_ms(DurationKind kind, std::int64_t permille) const;

 private:
  struct Entry {
    std::uint32_t bucket = 0;  // of all kinds
    std::uint64_t count = 0;
  };
  void add_count(std::uint32_t bucket, std::uint64_t count);

  std::vector<Entry> entries_;  // by bucket
};

}  // namespace obleth
