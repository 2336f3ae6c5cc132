// The ledger's tables in ClickHouse, step by step. One text for each, that the oldest version in use and today's take.
#pragma once

#include "adapters/clickhouse/clickhouse_link.hpp"

namespace obleth::adapters {

// Makes what is not there yet; replicas may do it at once, as every statement may come again. link outlives the task.
Task<Result<void>> migrate_usage(ClickHouseLink& link);

}  // namespace obleth::adapters
