// What is asked of several tables together, and the tables that a record store asks. Thread: the session's.
#pragma once

#include <optional>
#include <span>
#include <utility>

#include "adapters/sql/admin_token_table.hpp"
#include "adapters/sql/audit_table.hpp"
#include "adapters/sql/group_table.hpp"
#include "adapters/sql/key_table.hpp"
#include "adapters/sql/mcp_server_table.hpp"
#include "adapters/sql/model_table.hpp"
#include "adapters/sql/setting_table.hpp"
#include "adapters/sql/tenant_table.hpp"

namespace obleth::adapters {

// The key with its tenant and group, of one moment.
[[nodiscard]] std::optional<ResolvedKey> resolve(SqlSession& session, const SecretHash& hash, WallTime now);

}  // namespace obleth::adapters
