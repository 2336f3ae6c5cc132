#include "app/mock_server.hpp"

#include <chrono>
#include <utility>

namespace obleth::app {
namespace {

// The mock stands behind a pool that keeps connections: it hangs up later than any pool does.
constexpr Duration idle_timeout = std::chrono::minutes(10);
constexpr std::uint64_t body_bytes_max = 128ULL << 20;

}  // namespace

Result<std::unique_ptr<MockServer>> MockServer::start(const adapters::NetAddress& address,
                                                      const mock::MockOptions& options) {
  adapters::HttpServerSettings settings{.address = address, .threads = options.threads};
  settings.idle_timeout = idle_timeout;
  settings.body_bytes_max = body_bytes_max;
  auto listener = adapters::HttpListener::open(std::move(settings));
  if (!listener) return fail(std::move(listener.error()));
  return std::unique_ptr<MockServer>(new MockServer(std::move(*listener), options));
}

MockServer::MockServer(std::unique_ptr<adapters::HttpListener> listener, const mock::MockOptions& options)
    : listener_(std::move(listener)), service_(options) {
  for (std::size_t thread = 0; thread < options.threads; ++thread) {
    threads_.push_back(std::make_unique<LoopThread<adapters::HttpServer>>([this](adapters::EpollLoop& loop) {
      return std::make_unique<adapters::HttpServer>(loop, *listener_, service_);
    }));
  }
}

}  // namespace obleth::app
