// Rows of the ledger page by page, by every filter, in the order in which requests ended. Thread: the connection's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "ports/usage_ledger.hpp"

namespace obleth::adapters {

// Throws StoreFailure for a cursor that no page gave.
[[nodiscard]] ports::UsageRows list_usage(SqliteConnection& connection, const ports::UsageRowsRequest& request);
[[nodiscard]] std::optional<UsageRecord> find_usage(SqliteConnection& connection, EventId id);

// The statements of list_usage, for whoever checks how they are answered.
[[nodiscard]] std::vector<std::string> listing_statements();

}  // namespace obleth::adapters
