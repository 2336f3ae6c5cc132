#include "observe/metrics_page.hpp"

namespace obleth::observe {

MetricsPage metrics_page(const Metrics& metrics, std::string_view accept) {
  if (accept.find("application/openmetrics-text") != std::string_view::npos) {
    return {"application/openmetrics-text; version=1.0.0; charset=utf-8", metrics.render(Exposition::open_metrics)};
  }
  return {"text/plain; version=0.0.4; charset=utf-8", metrics.render(Exposition::prometheus)};
}

}  // namespace obleth::observe
