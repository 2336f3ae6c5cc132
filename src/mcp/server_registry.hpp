// The registered MCP servers as the data plane sees them: one immutable edition of each, swapped when the record
// changes.
//
// Any thread; reload() on one loop at a time.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "domain/mcp_server.hpp"
#include "domain/upstream_address.hpp"
#include "ports/record_store.hpp"

namespace obleth::mcp {

// Calls that are at the server now, over all editions of its registration.
using ServerLoad = std::atomic<std::uint32_t>;

struct RegisteredServer {
  McpServer record;
  UpstreamAddress address;
  std::string path;  // of upstream_url, as it was registered: "/mcp", "/v1/", "/"
  std::shared_ptr<ServerLoad> load;
};

// Counts a call at its server until it goes. Move-only.
class ServerSlot {
 public:
  ServerSlot() = default;
  explicit ServerSlot(std::shared_ptr<ServerLoad> load) : load_(std::move(load)) {}
  ServerSlot(ServerSlot&& other) noexcept : load_(std::exchange(other.load_, nullptr)) {}
  ServerSlot& operator=(ServerSlot&& other) noexcept {
    std::swap(load_, other.load_);
    return *this;
  }
  ~ServerSlot() {
    if (load_ != nullptr) load_->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::shared_ptr<ServerLoad> load_;
};

class ServerRegistry {
 public:
  explicit ServerRegistry(ports::RecordStore& store) : store_(store) {}

  // At start, and when the record has changed. On a fault the last edition stays.
  Task<Result<void>> reload();

  // Enabled or not; null: there is none of this name.
  [[nodiscard]] std::shared_ptr<const RegisteredServer> find(std::string_view name) const;

 private:
  struct HashName {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  using Servers = std::unordered_map<std::string, std::shared_ptr<const RegisteredServer>, HashName, std::equal_to<>>;

  void publish(std::vector<McpServer> records);
  [[nodiscard]] std::shared_ptr<const Servers> servers() const;

  ports::RecordStore& store_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Servers> servers_ = std::make_shared<const Servers>();
};

// nullopt: the server has as many calls as it may.
[[nodiscard]] std::optional<ServerSlot> take_slot(const RegisteredServer& server);

}  // namespace obleth::mcp
