// A registered MCP server as the Management API reads and writes it. Any thread.
#pragma once

#include "admin/fields.hpp"
#include "admin/record_desk.hpp"
#include "domain/mcp_server.hpp"

namespace obleth::admin {

// A rule as JSON tells it.
struct McpAccessDoc {
  std::optional<std::string> tenant;
  std::optional<std::string> group;
  std::optional<std::vector<std::string>> tools;
  bool operator==(const McpAccessDoc&) const = default;
};

struct McpServerDoc {
  McpServer server;                                 // its own rules are those of the record
  std::optional<std::vector<McpAccessDoc>> access;  // with names: see mcp_rule_names
};

[[nodiscard]] const Fields<McpServerDoc>& mcp_server_fields();
[[nodiscard]] McpServerDoc new_mcp_server(const RecordDesk& desk);
// Credentials that cannot be stored, addresses that are never connected to. before is null to create.
void check_mcp_server(const McpServer& next, const McpServer* before, const RecordDesk& desk, Reading& reading);
// Null before: created. Null after: deleted.
[[nodiscard]] AuditNote mcp_server_note(const char* action, const McpServerDoc* before, const McpServerDoc* after);

}  // namespace obleth::admin
