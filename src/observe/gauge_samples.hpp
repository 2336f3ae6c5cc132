// What the sources of gauges tell at one scrape. Thread: the scrape's.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "observe/label_table.hpp"
#include "observe/series_shard.hpp"

namespace obleth::observe {

class GaugeSamples {
 public:
  static constexpr std::size_t samples_max = 4'600;
  static constexpr std::size_t named_samples_max = 4'400;  // with names; so the others always fit

  explicit GaugeSamples(std::array<LabelTable, label_count>& tables) : tables_(tables) {}

  // labels: in the definition's order; fewer or empty ones are not shown (a total). The last value of a series counts.
  // What does not fit, would be "other" or is no finite number is left out: gauges do not add up.
  void set(Metric metric, std::initializer_list<std::string_view> labels, double value);

  [[nodiscard]] const std::map<SeriesKey, double>& samples() const { return samples_; }

 private:
  std::array<LabelTable, label_count>& tables_;
  std::map<SeriesKey, double> samples_;
};

// Called at every scrape, from the thread that renders, by one scrape at a time; must not wait.
using GaugeSource = std::function<void(GaugeSamples&)>;

}  // namespace obleth::observe
