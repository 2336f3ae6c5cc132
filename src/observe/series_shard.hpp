// The counters of one thread, and the registry that bounds how many series there are in all.
//
// A shard's owner alone writes its cells, with plain adds (relaxed load and store, no locked instruction); a scrape
// reads them relaxed and adds the shards up. The lock is taken only when a series appears and by the scrape.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "observe/label_table.hpp"
#include "observe/metric_catalog.hpp"

namespace obleth::observe {

using LabelValues = std::array<LabelValue, metric_labels_max>;

// A metric and its label values in one number: 8 bits and four times 14. Sorts by metric.
struct SeriesKey {
  std::uint64_t bits = 0;
  bool operator==(const SeriesKey&) const = default;
  auto operator<=>(const SeriesKey&) const = default;

  [[nodiscard]] static SeriesKey of(Metric metric, const LabelValues& values);
  [[nodiscard]] Metric metric() const;
  [[nodiscard]] LabelValues values() const;
};

struct SeriesKeyHash {
  [[nodiscard]] std::size_t operator()(SeriesKey key) const {
    const std::uint64_t mixed = key.bits * 0x9E3779B97F4A7C15ULL;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32));
  }
};

// Series of counters and histograms that exist in any shard. Gauges have a bound of their own (metrics.hpp).
// Any thread.
class SeriesRegistry {
 public:
  static constexpr std::size_t lines_max = 14'400;
  // Of these, kept for metrics by tenant: eight series (requests, tokens by type, money, refusals) of each of 1,000. A
  // model takes about 90 lines, and a few dozen of them would else take the tenants' names away. What models leave
  // free, tenants take, too.
  static constexpr std::size_t tenant_lines_kept = 8'000;
  static constexpr std::size_t folded_lines_max = 15'400;  // of series whose names are "other"

  // The series that key counts in: key itself, or its folded twin when the page is full.
  [[nodiscard]] SeriesKey admit(SeriesKey key);

 private:
  [[nodiscard]] bool take_named(SeriesKey key);
  [[nodiscard]] bool take(SeriesKey key, std::size_t free);
  [[nodiscard]] std::size_t& lines_like(SeriesKey key);

  std::mutex mutex_;
  std::unordered_set<SeriesKey, SeriesKeyHash> known_;
  std::size_t tenant_lines_ = 0;  // of metrics by tenant
  std::size_t other_lines_ = 0;
};

class SeriesShard {
 public:
  using Cell = std::atomic<std::uint64_t>;

  explicit SeriesShard(SeriesRegistry& registry) : registry_(registry) {}
  SeriesShard(const SeriesShard&) = delete;
  SeriesShard& operator=(const SeriesShard&) = delete;

  // The owner's. A counter has one cell; a histogram one per bucket, one for larger values, and the sum.
  void add(SeriesKey key, std::uint64_t amount);
  void observe(SeriesKey key, std::uint64_t value);
  [[nodiscard]] LabelValue label(Label label, std::string_view value, LabelTable& table) {
    return label_caches_[static_cast<std::size_t>(label)].number_of(value, table);
  }

  // The scrape's: calls visit(key, cells) for every series.
  template <class Visit>
  void for_each(Visit&& visit) const {
    const std::scoped_lock lock(growth_);
    for (const Series& series : series_)
      visit(series.key, series.cells.get());
  }

  [[nodiscard]] static std::size_t cells_of(const MetricDefinition& definition);

 private:
  struct Series {
    SeriesKey key;
    std::unique_ptr<Cell[]> cells;
  };

  [[nodiscard]] Cell* cells(SeriesKey key);
  [[nodiscard]] Cell* grow(SeriesKey key);

  SeriesRegistry& registry_;
  std::array<LabelCache, label_count> label_caches_;
  std::unordered_map<SeriesKey, Cell*, SeriesKeyHash> cells_;  // the owner's; several keys may share folded cells
  mutable std::mutex growth_;
  std::vector<Series> series_;  // behind growth_
};

}  // namespace obleth::observe
