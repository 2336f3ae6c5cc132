#include "mcp/server_registry.hpp"

#include <utility>
#include <vector>

#include "domain/upstream_reference.hpp"
#include "observe/log.hpp"

namespace obleth::mcp {
namespace {

constexpr std::size_t servers_per_page = 500;

}  // namespace

Task<Result<void>> ServerRegistry::reload() {
  std::vector<McpServer> records;
  ports::PageRequest page{.limit = servers_per_page};
  do {
    Result<ports::Page<McpServer>> servers = co_await store_.list_mcp_servers(page);
    if (!servers) co_return fail(std::move(servers.error()));
    for (McpServer& server : servers->rows)
      records.push_back(std::move(server));
    page.cursor = std::move(servers->next_cursor);
  } while (!page.cursor.empty());
  publish(std::move(records));
  co_return Result<void>{};
}

void ServerRegistry::publish(std::vector<McpServer> records) {
  const std::shared_ptr<const Servers> former = servers();
  auto next = std::make_shared<Servers>();
  for (McpServer& record : records) {
    Result<UpstreamAddress> address = parse_upstream_address(record.upstream_url);
    if (!address) {
      observe::log(observe::LogLevel::error, "an MCP server is not served: its upstream_url is not valid",
                   {{"server", record.name}, {"reason", address.error().message}});
      continue;
    }
    RegisteredServer server{.address = std::move(*address), .path = upstream_path(record.upstream_url)};
    for (const auto& [name, known] : *former) {
      if (known->record.id == record.id) server.load = known->load;
    }
    if (server.load == nullptr) server.load = std::make_shared<ServerLoad>(0);
    std::string name = record.name;
    server.record = std::move(record);
    next->emplace(std::move(name), std::make_shared<const RegisteredServer>(std::move(server)));
  }
  const std::lock_guard lock(mutex_);
  servers_ = std::move(next);
}

std::shared_ptr<const ServerRegistry::Servers> ServerRegistry::servers() const {
  const std::lock_guard lock(mutex_);
  return servers_;
}

std::shared_ptr<const RegisteredServer> ServerRegistry::find(std::string_view name) const {
  const std::shared_ptr<const Servers> now = servers();
  const auto found = now->find(name);
  return found == now->end() ? nullptr : found->second;
}

std::optional<ServerSlot> take_slot(const RegisteredServer& server) {
  const std::uint32_t before = server.load->fetch_add(1, std::memory_order_relaxed);
  ServerSlot slot(server.load);
  const auto& bound = server.record.max_in_flight;
  if (bound && before >= *bound) return std::nullopt;
  return slot;
}

}  // namespace obleth::mcp
