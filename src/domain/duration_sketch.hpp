// How long requests took, as counts of durations of about the same length: added up without loss, read as quantiles.
//
// Buckets are exact below 16 ms, then eight to each power of two (the layout of HdrHistogram): a quantile is at most
// 1/16 off. Sums over many requests fill most buckets and are counted in an array. Kept as bytes beside the sums that
// it belongs to. Pure; a value.
#pragma once

#include <array>
#include <cstddef>
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
  // For stores that keep buckets themselves: the number of a duration's bucket, among those of all kinds.
  [[nodiscard]] static std::uint32_t bucket(DurationKind kind, std::int64_t ms);
  // False where there is no such bucket.
  [[nodiscard]] bool add_to_bucket(std::uint32_t bucket, std::uint64_t count);
  // What encoded() gave. False where the bytes are something else; some of them may have been added.
  [[nodiscard]] bool add_encoded(std::span<const std::uint8_t> bytes);
  [[nodiscard]] std::vector<std::uint8_t> encoded() const;

  // For each part asked for, ascending, in permille (500 is the median), the smallest duration that so many requests
  // did not pass. Nothing where no duration of the kind was added.
  template <std::size_t count>
  [[nodiscard]] std::array<std::optional<std::int64_t>, count> quantiles_ms(
      DurationKind kind, const std::array<std::int64_t, count>& permille) const {
    std::array<std::optional<std::int64_t>, count> found;
    find_quantiles(kind, permille, found);
    return found;
  }

 private:
  struct Entry {
    std::uint32_t bucket = 0;  // of all kinds
    std::uint64_t count = 0;
  };
  void add_count(std::uint32_t bucket, std::uint64_t count);
  // Of buckets that come in order; from: the one before's place among the entries, at first 0.
  void add_further(std::uint32_t bucket, std::uint64_t count, std::size_t& from);
  void spread();
  void find_quantiles(DurationKind kind, std::span<const std::int64_t> permille,
                      std::span<std::optional<std::int64_t>> found) const;
  // Calls visit(bucket, count) for each that has any, in order, from first to before end.
  template <class Visit>
  void each(std::uint32_t first, std::uint32_t end, Visit visit) const;

  std::vector<Entry> entries_;         // by bucket, as long as they are few
  std::vector<std::uint64_t> spread_;  // then a count for every bucket there is
};

}  // namespace obleth
