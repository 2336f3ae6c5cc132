#include "observe/gauge_samples.hpp"

#include <algorithm>
#include <cmath>

namespace obleth::observe {

void GaugeSamples::set(Metric metric, std::initializer_list<std::string_view> labels, double value) {
  if (!std::isfinite(value)) return;
  LabelValues values;
  values.fill(label_absent);
  const MetricDefinition& definition = definition_of(metric);
  std::size_t at = 0;
  std::size_t bound = samples_max;
  for (const std::string_view text : labels) {
    if (at == metric_labels_max || definition.labels[at] == Label::none) break;
    values[at] = tables_[static_cast<std::size_t>(definition.labels[at])].number_of(text);
    if (values[at] == label_other) return;
    if (holds_names(definition.labels[at])) bound = named_samples_max;
    ++at;
  }
  const SeriesKey key = SeriesKey::of(metric, values);
  if (samples_.size() >= bound && !samples_.contains(key)) return;
  samples_[key] = value;
}

}  // namespace obleth::observe
