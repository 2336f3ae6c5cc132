#include "app/metrics_service.hpp"

#include <string>

#include "observe/metrics_page.hpp"

namespace obleth::app {

Task<void> MetricsService::serve(ports::ClientExchange& exchange) {
  const RequestHead& head = exchange.head();
  const std::string_view path = head.target.substr(0, head.target.find('?'));
  int status = 404;
  std::string_view content_type = "text/plain";
  std::string body = "Metrics are at /metrics.\n";
  if (path == "/metrics") {
    observe::MetricsPage page = observe::metrics_page(metrics_, head.fields.find("accept").value_or(""));
    status = 200;
    content_type = page.content_type;
    body = std::move(page.body);
  }
  const std::string head_lines = "Content-Type: " + std::string(content_type) + "\r\n";
  const Result<void> started = co_await exchange.start(status, head_lines, body.size(), body);
  if (!started) co_return;
  const Result<void> finished = co_await exchange.finish({});
  static_cast<void>(finished);  // a scraper that left asks again
}

}  // namespace obleth::app
