// The columns of one row of the ledger, declared once: JSON, CSV and openapi.json come from this one list.
//
// Immutable; any thread.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "admin/json.hpp"
#include "domain/usage_record.hpp"

namespace obleth::admin {

// A row with the names that its ids have today.
struct UsageRowDoc {
  UsageRecord record;
  std::string tenant;              // empty: not known any more
  std::optional<std::string> key;  // absent: deleted
};

struct UsageColumn {
  std::string name;
  Json schema;  // with its description
  std::function<Json(const UsageRowDoc&)> value;
};

[[nodiscard]] std::span<const UsageColumn> usage_columns();

[[nodiscard]] Json usage_row_json(const UsageRowDoc& row);
[[nodiscard]] Json usage_row_schema();

// Nano-dollars as a JSON integer; null above 2^53, where readers that know only floating point would round.
[[nodiscard]] Json nano_usd_json(NanoUsd amount);

}  // namespace obleth::admin
