// MCP servers, in SQLite; the auth header is sealed. Faults are thrown as StoreFailure. Thread: the connection's.
#pragma once

#include <optional>
#include <string>

#include "adapters/sqlite/record_table.hpp"
#include "adapters/sqlite/sealed_columns.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class McpServerTable {
 public:
  McpServerTable(SqliteConnection& connection, const ports::SecretSealer& sealer)
      : connection_(connection), seal_(sealer, "mcp_servers"), rows_(connection, "mcp_servers", "MCP server") {}

  void put(const ports::PutMcpServer& write) const;
  void erase(McpServerId id) const { rows_.erase(id.bits); }

  [[nodiscard]] std::optional<McpServer> find(const std::string& id_or_name) const;
  [[nodiscard]] ports::Page<McpServer> page(const ports::PageRequest& request) const;

 private:
  [[nodiscard]] McpServer read(Row& row) const;

  SqliteConnection& connection_;
  SealedColumns seal_;
  RecordTable rows_;
};

}  // namespace obleth::adapters
