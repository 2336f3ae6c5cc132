// The OpenAI-compatible upstream for tests, benchmarks and the demo; never part of `serve`.
//
// Any thread: one service answers on every loop; what the requests share is atomic or under a short lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mock/control.hpp"
#include "mock/mock_options.hpp"
#include "mock/model_request.hpp"
#include "mock/reply.hpp"
#include "mock/slots.hpp"
#include "mock/tally.hpp"
#include "ports/http_service.hpp"
#include "ports/loop.hpp"

namespace obleth::mock {

class MockService final : public ports::HttpService {
 public:
  explicit MockService(MockOptions options);
  Task<void> serve(ports::ClientExchange& exchange) override;

 private:
  struct Asked;  // one model request, read and not yet answered

  Task<void> serve_model(ports::ClientExchange& exchange, Dialect dialect);
  Task<bool> read_asked(ports::ClientExchange& exchange, Asked& asked);
  Task<void> answer_in_turn(ports::ClientExchange& exchange, const Asked& asked, Tally::Open& open);
  Task<void> serve_media(ports::ClientExchange& exchange, std::string_view path);
  Task<void> serve_page(ports::ClientExchange& exchange, std::string_view path);
  Task<void> change_control(ports::ClientExchange& exchange);
  [[nodiscard]] std::optional<Reply> page(std::string_view method, std::string_view path);
  [[nodiscard]] std::string models_page() const;
  [[nodiscard]] std::string metrics_page() const;

  const MockOptions options_;
  Tally tally_;
  Slots slots_;
  Control control_;
  std::atomic<std::int64_t> serial_{0};
};

}  // namespace obleth::mock
