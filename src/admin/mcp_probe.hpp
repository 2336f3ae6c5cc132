// POST /mcp-servers/{id}/probe: initialize and tools/list at the server itself, and what came of it. Any thread.
#pragma once

#include "admin/record_desk.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class McpProbe {
 public:
  explicit McpProbe(RecordDesk& desk) : desk_(desk) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> run(const Call& call);

  RecordDesk& desk_;
};

}  // namespace obleth::admin
