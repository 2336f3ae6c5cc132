// Whom the rules of MCP servers name: by name in JSON, by id in the record, so that a rule goes along with a rename and
// never passes to a later bearer of the name.
//
// Thread: lives in one call.
#pragma once

#include "admin/group_names.hpp"
#include "admin/mcp_server_fields.hpp"

namespace obleth::admin {

class McpRuleNames {
 public:
  explicit McpRuleNames(RecordDesk& desk) : tenants_(desk, &ports::RecordStore::find_tenant), groups_(desk) {}

  // Rules of who was deleted are left out: they are nobody's any more.
  Task<Outcome<McpServerDoc>> doc_of(McpServer server);
  // Writes the ids of the document's rules into its record. A name that nobody bears is a fault, unless before, which
  // is null to create, has it from a former version.
  Task<Outcome<>> settle(McpServerDoc& doc, const McpServer* before, Reading& reading);

  [[nodiscard]] RecordNames<Tenant>& tenants() { return tenants_; }
  [[nodiscard]] GroupNames& groups() { return groups_; }

 private:
  RecordNames<Tenant> tenants_;
  GroupNames groups_;
};

}  // namespace obleth::admin
