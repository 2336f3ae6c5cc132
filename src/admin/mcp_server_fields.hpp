// A registered MCP server as the Management API reads and writes it. Any thread.
#pragma once

#include "admin/fields.hpp"
#include "admin/record_desk.hpp"
#include "domain/mcp_server.hpp"

namespace obleth::admin {

[[nodiscard]] const Fields<McpServer>& mcp_server_fields();
[[nodiscard]] McpServer new_mcp_server(const RecordDesk& desk);
// Credentials that cannot be stored, addresses that are never connected to. before is null to create.
void check_mcp_server(const McpServer& next, const McpServer* before, const RecordDesk& desk, Reading& reading);
// Null before: created. Null after: deleted.
[[nodiscard]] AuditNote mcp_server_note(const char* action, const McpServer* before, const McpServer* after);

}  // namespace obleth::admin
