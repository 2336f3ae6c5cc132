#include "observe/series_shard.hpp"

#include <algorithm>

namespace obleth::observe {
namespace {

constexpr unsigned value_bits = 14;
constexpr std::uint64_t value_mask = (1ULL << value_bits) - 1;
constexpr unsigned metric_shift = value_bits * metric_labels_max;

SeriesKey folded(SeriesKey key) {
  LabelValues values = key.values();
  const MetricDefinition& definition = definition_of(key.metric());
  for (std::size_t at = 0; at < metric_labels_max; ++at) {
    if (holds_names(definition.labels[at])) values[at] = label_other;
  }
  return SeriesKey::of(key.metric(), values);
}

bool is_by_tenant(SeriesKey key) {
  const auto& labels = definition_of(key.metric()).labels;
  return std::ranges::find(labels, Label::tenant) != labels.end();
}

std::size_t left_of(std::size_t bound, std::size_t taken) {
  return bound - std::min(bound, taken);
}

void bump(SeriesShard::Cell& cell, std::uint64_t amount) {
  cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace

SeriesKey SeriesKey::of(Metric metric, const LabelValues& values) {
  std::uint64_t bits = static_cast<std::uint64_t>(metric);
  for (const LabelValue value : values)
    bits = bits << value_bits | (value & value_mask);
  return {bits};
}

Metric SeriesKey::metric() const {
  return static_cast<Metric>(bits >> metric_shift);
}

LabelValues SeriesKey::values() const {
  LabelValues values{};
  for (std::size_t at = 0; at < metric_labels_max; ++at) {
    values[at] = static_cast<LabelValue>(bits >> (value_bits * (metric_labels_max - 1 - at)) & value_mask);
  }
  return values;
}

SeriesKey SeriesRegistry::admit(SeriesKey key) {
  const std::scoped_lock lock(mutex_);
  if (take_named(key)) return key;
  const SeriesKey twin = folded(key);
  if (take(twin, left_of(folded_lines_max, tenant_lines_ + other_lines_))) return twin;
  // Only words of the code are left to multiply here, and they do not reach this bound; if they did, the metric
  // would still be counted, under no labels that tell anything.
  return SeriesKey::of(key.metric(), LabelValues{});
}

bool SeriesRegistry::take_named(SeriesKey key) {
  const std::size_t others = left_of(lines_max, std::max(tenant_lines_kept, tenant_lines_));
  const std::size_t tenants = std::max(tenant_lines_kept, left_of(lines_max, other_lines_));
  return take(key, is_by_tenant(key) ? left_of(tenants, tenant_lines_) : left_of(others, other_lines_));
}

bool SeriesRegistry::take(SeriesKey key, std::size_t free) {
  if (known_.contains(key)) return true;
  const std::size_t lines = lines_of(definition_of(key.metric()));
  if (lines > free) return false;
  known_.insert(key);
  lines_like(key) += lines;
  return true;
}

std::size_t& SeriesRegistry::lines_like(SeriesKey key) {
  return is_by_tenant(key) ? tenant_lines_ : other_lines_;
}

std::size_t SeriesShard::cells_of(const MetricDefinition& definition) {
  return definition.type == MetricType::histogram ? definition.bounds.size() + 2 : 1;
}

void SeriesShard::add(SeriesKey key, std::uint64_t amount) {
  bump(*cells(key), amount);
}

void SeriesShard::observe(SeriesKey key, std::uint64_t value) {
  Cell* const found = cells(key);
  const auto bounds = definition_of(key.metric()).bounds;
  const auto bucket = std::ranges::lower_bound(bounds, static_cast<std::int64_t>(value)) - bounds.begin();
  bump(found[bucket], 1);
  bump(found[bounds.size() + 1], value);
}

SeriesShard::Cell* SeriesShard::cells(SeriesKey key) {
  const auto found = cells_.find(key);
  return found != cells_.end() ? found->second : grow(key);
}

SeriesShard::Cell* SeriesShard::grow(SeriesKey key) {
  const SeriesKey admitted = registry_.admit(key);
  Cell*& shared = cells_[admitted];
  if (shared == nullptr) {
    auto fresh = std::make_unique<Cell[]>(cells_of(definition_of(admitted.metric())));
    shared = fresh.get();
    const std::scoped_lock lock(growth_);
    series_.push_back({admitted, std::move(fresh)});
  }
  Cell* const cell = shared;
  cells_[key] = cell;
  return cell;
}

}  // namespace obleth::observe
