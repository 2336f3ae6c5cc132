// A registered MCP server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/instant.hpp"
#include "base/secret.hpp"
#include "domain/ids.hpp"

namespace obleth {

// By id, which no rename changes and nobody else comes to bear. Rules of a former version have a name, and mean whoever
// bears it, until they are written again.
template <class Id>
using IdOrFormerName = std::variant<Id, std::string>;

struct McpAccess {
  std::optional<IdOrFormerName<TenantId>> tenant;
  std::optional<IdOrFormerName<GroupId>> group;
  std::optional<std::vector<std::string>> tools;  // globs; absent = every tool
  bool operator==(const McpAccess&) const = default;
};

struct McpServer {
  McpServerId id;
  std::string name;  // [a-z0-9-]{1,64}
  std::string upstream_url;
  std::optional<Secret> auth_header;
  bool enabled = true;
  std::optional<std::vector<McpAccess>> access;  // absent = everybody
  std::uint32_t timeout_secs = 300;
  std::optional<std::uint32_t> max_in_flight;
  WallTime created_at;
  WallTime updated_at;
  bool operator==(const McpServer&) const = default;
};

}  // namespace obleth
