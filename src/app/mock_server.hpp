// The mock upstream on threads of its own. Owner: the thread that starts it; destroying it ends it.
#pragma once

#include <memory>
#include <vector>

#include "adapters/http_server/http_listener.hpp"
#include "adapters/http_server/http_server.hpp"
#include "app/loop_thread.hpp"
#include "base/result.hpp"
#include "mock/mock_service.hpp"

namespace obleth::app {

class MockServer {
 public:
  [[nodiscard]] static Result<std::unique_ptr<MockServer>> start(const adapters::NetAddress& address,
                                                                 const mock::MockOptions& options);
  [[nodiscard]] const adapters::NetAddress& address() const { return listener_->address(); }

 private:
  MockServer(std::unique_ptr<adapters::HttpListener> listener, const mock::MockOptions& options);

  std::unique_ptr<adapters::HttpListener> listener_;
  mock::MockService service_;
  std::vector<std::unique_ptr<LoopThread<adapters::HttpServer>>> threads_;
};

}  // namespace obleth::app
