// The answer of the metrics listener to GET /metrics. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "observe/metrics.hpp"

namespace obleth::observe {

struct MetricsPage {
  std::string_view content_type;
  std::string body;
};

// accept: the request's Accept header; OpenMetrics where it asks for it, else Prometheus text.
[[nodiscard]] MetricsPage metrics_page(const Metrics& metrics, std::string_view accept);

}  // namespace obleth::observe
