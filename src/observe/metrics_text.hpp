// Writes metrics in Prometheus text format 0.0.4 or OpenMetrics 1.0. Pure; a value, one thread.
//
// Source: prometheus.io "Exposition formats", OpenMetrics 1.0.0.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "observe/metric_catalog.hpp"

namespace obleth::observe {

enum class Exposition : std::uint8_t { prometheus, open_metrics };

// An integer in units of 10^-decimals as decimal text without trailing zeros: (1250, 3) is "1.25".
[[nodiscard]] std::string decimal_text(std::uint64_t value, unsigned decimals);

class MetricsText {
 public:
  explicit MetricsText(Exposition format) : format_(format) {}

  void begin_family(const MetricDefinition& definition);
  // values: of the definition's labels, in their order; an empty one is not shown.
  void add_sample(const MetricDefinition& definition, std::span<const std::string> values, std::string_view number);
  // cells: one per bound, one for larger values, and the sum.
  void add_histogram(const MetricDefinition& definition, std::span<const std::string> values,
                     std::span<const std::uint64_t> cells);
  [[nodiscard]] std::string finish() &&;

 private:
  void add_line(std::string_view name, std::string_view labels, std::string_view number);

  Exposition format_;
  std::string text_;
};

}  // namespace obleth::observe
