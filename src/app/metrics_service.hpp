// The metrics listener: GET /metrics, and nothing else. Its connection's thread.
#pragma once

#include "observe/metrics.hpp"
#include "ports/http_service.hpp"

namespace obleth::app {

class MetricsService final : public ports::HttpService {
 public:
  explicit MetricsService(const observe::Metrics& metrics) : metrics_(metrics) {}
  Task<void> serve(ports::ClientExchange& exchange) override;

 private:
  const observe::Metrics& metrics_;
};

}  // namespace obleth::app
