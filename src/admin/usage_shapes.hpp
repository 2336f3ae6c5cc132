// How sums, series and divisions of usage stand in JSON, and their schemas. Pure; any thread.
#pragma once

#include "admin/json.hpp"
#include "ports/usage_ledger.hpp"

namespace obleth::admin {

// requests, tokens by type, cost, times: the members of every sum.
void append_sums(Json::Object& members, const ports::UsageSums& sums);

[[nodiscard]] Json usage_sums_schema();    // UsageSummary: span and sums
[[nodiscard]] Json usage_series_schema();  // UsageSeries
[[nodiscard]] Json usage_costs_schema();   // Costs
[[nodiscard]] Json tenant_usage_schema();  // TenantUsage

}  // namespace obleth::admin
