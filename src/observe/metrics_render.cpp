// The scrape's half of Metrics: adds the shards up, asks the sources, writes the page.

#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "observe/process_gauges.hpp"

namespace obleth::observe {
namespace {

using Cells = std::vector<std::uint64_t>;
using Totals = std::map<SeriesKey, Cells>;

using Tables = std::array<LabelTable, label_count>;

void add_up(const SeriesShard& shard, Totals& totals) {
  shard.for_each([&totals](SeriesKey key, const SeriesShard::Cell* cells) {
    Cells& total = totals[key];
    total.resize(SeriesShard::cells_of(definition_of(key.metric())));
    for (std::size_t at = 0; at < total.size(); ++at)
      total[at] += cells[at].load(std::memory_order_relaxed);
  });
}

std::array<std::string, metric_labels_max> texts_of(SeriesKey key, const Tables& tables) {
  std::array<std::string, metric_labels_max> texts;
  const MetricDefinition& definition = definition_of(key.metric());
  const LabelValues values = key.values();
  for (std::size_t at = 0; at < metric_labels_max && definition.labels[at] != Label::none; ++at) {
    texts[at] = tables[static_cast<std::size_t>(definition.labels[at])].text_of(values[at]);
  }
  return texts;
}

// The part of a map whose keys belong to one metric.
template <class Map>
auto series_of(const Map& map, Metric metric) {
  const auto first = map.lower_bound(SeriesKey::of(metric, LabelValues{}));
  auto last = first;
  while (last != map.end() && last->first.metric() == metric)
    ++last;
  return std::pair(first, last);
}

void write_family(MetricsText& text, Metric metric, const Totals& totals, const Tables& tables) {
  const MetricDefinition& definition = definition_of(metric);
  const auto [first, last] = series_of(totals, metric);
  if (first == last) return;
  text.begin_family(definition);
  for (auto series = first; series != last; ++series) {
    const auto labels = texts_of(series->first, tables);
    const Cells& cells = series->second;
    if (definition.type == MetricType::histogram) {
      text.add_histogram(definition, labels, cells);
    } else {
      text.add_sample(definition, labels, decimal_text(cells.front(), definition.decimals));
    }
  }
}

// The shortest text that reads back as the same number.
std::string number_text(double value) {
  std::array<char, 32> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return std::string(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void write_gauges(MetricsText& text, Metric metric, const GaugeSamples& gauges, const Tables& tables) {
  const MetricDefinition& definition = definition_of(metric);
  const auto [first, last] = series_of(gauges.samples(), metric);
  if (first == last) return;
  text.begin_family(definition);
  for (auto series = first; series != last; ++series) {
    text.add_sample(definition, texts_of(series->first, tables), number_text(series->second));
  }
}

}  // namespace

std::string Metrics::render(Exposition format) const {
  Totals totals;
  GaugeSamples gauges(tables_);
  gauges.set(Metric::build, {build_.version, build_.revision}, 1);
  add_process_gauges(gauges);
  gauges.set(Metric::log_lines_dropped, {}, static_cast<double>(dropped_log_lines()));
  std::vector<GaugeSource> sources;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [thread, shard] : shards_)
      add_up(*shard, totals);
    sources = sources_;
  }
  {
    const std::scoped_lock lock(scrape_);
    for (const GaugeSource& source : sources)
      source(gauges);
  }
  MetricsText text(format);
  for (std::size_t at = 0; at < metric_count; ++at) {
    const auto metric = static_cast<Metric>(at);
    write_family(text, metric, totals, tables_);
    write_gauges(text, metric, gauges, tables_);
  }
  return std::move(text).finish();
}

}  // namespace obleth::observe
