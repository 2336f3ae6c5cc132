// Which tools of a server a caller may use. One decision for tools/call and for what tools/list shows. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/api_key.hpp"
#include "domain/mcp_server.hpp"

namespace obleth::mcp {

class ToolPolicy {
 public:
  // nullopt: the caller may not use the server at all.
  [[nodiscard]] static std::optional<ToolPolicy> of(const McpServer& server, const ResolvedKey& who);

  // Some tools are not for this caller.
  [[nodiscard]] bool restricts() const { return !every_tool_; }
  [[nodiscard]] bool allows(std::string_view tool) const;

 private:
  bool every_tool_ = false;
  std::vector<std::string> globs_;
};

// * stands for any text, also none; everything else for itself.
[[nodiscard]] bool matches_glob(std::string_view glob, std::string_view text);

}  // namespace obleth::mcp
