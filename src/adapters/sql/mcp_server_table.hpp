// MCP servers; the auth header is sealed. Faults are thrown as StoreFailure. Thread: the session's.
#pragma once

#include <optional>
#include <string>

#include "adapters/sql/record_table.hpp"
#include "adapters/sql/sealed_columns.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class McpServerTable {
 public:
  McpServerTable(SqlSession& session, const ports::SecretSealer& sealer)
      : session_(session), seal_(sealer, "mcp_servers"), rows_(session, "mcp_servers", "MCP server") {}

  void put(const ports::PutMcpServer& write) const;
  void erase(McpServerId id) const { rows_.erase(id.bits); }

  [[nodiscard]] std::optional<McpServer> find(const std::string& id_or_name) const;
  [[nodiscard]] ports::Page<McpServer> page(const ports::PageRequest& request) const;

 private:
  [[nodiscard]] McpServer read(QueryRow& row) const;

  SqlSession& session_;
  SealedColumns seal_;
  RecordTable rows_;
};

}  // namespace obleth::adapters
