// /mcp-servers: the registered MCP servers and who may use which of their tools. Any thread.
#pragma once

#include <string>

#include "admin/mcp_rule_names.hpp"
#include "admin/record_desk.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class McpServers {
 public:
  explicit McpServers(RecordDesk& desk) : desk_(desk) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> list(const Call& call);
  Task<Reply> create(const Call& call);
  Task<Reply> show(const Call& call);
  Task<Reply> edit(const Call& call, ReadMode mode);
  Task<Reply> remove(const Call& call);

  Task<Outcome<McpServerDoc>> find(McpRuleNames& names, std::string id_or_name);

  RecordDesk& desk_;
};

}  // namespace obleth::admin
