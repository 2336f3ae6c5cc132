// What the ledger is asked, as ClickHouse's SQL, and its answers read. Every text of a client is a quoted literal; no
// expression of a client's is passed on. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ports/spending_book.hpp"
#include "ports/usage_ledger.hpp"

namespace obleth::adapters {

// How the sums are divided; neither: one sum.
struct UsageDivision {
  std::optional<ports::UsageDimension> by;
  std::optional<ports::UsageBucket> bucket;
  std::size_t groups_max = 0;     // the largest; 0: all
  std::vector<std::string> only;  // these groups, by group_id(); empty: all
};

// One line of the answer to sums_question().
struct UsageCell {
  ports::UsageGroup group;
  std::int64_t begin_ms = 0;
  ports::UsageSums sums;
};

// rolled_up: whole days of the scope's span whose sums stand; everything else is summed from the rows.
[[nodiscard]] std::string sums_question(const std::string& database, const ports::UsageScope& scope,
                                        const UsageDivision& division, const std::vector<WallSpan>& rolled_up);
[[nodiscard]] Result<std::vector<UsageCell>> read_cells(std::string_view answer,
                                                        std::optional<ports::UsageDimension> by);
// What tells a group from the others of its dimension.
[[nodiscard]] std::string group_id(const ports::UsageGroup& group, ports::UsageDimension by);

// The first row after the cursor, and one more than the page holds. Fault: invalid, for a cursor that no list gave.
[[nodiscard]] Result<std::string> rows_question(const std::string& database, const ports::UsageRowsRequest& request);
[[nodiscard]] std::string row_question(const std::string& database, EventId id);
[[nodiscard]] Result<std::vector<UsageRecord>> read_rows(std::string_view answer);
[[nodiscard]] std::string cursor_after(const UsageRecord& last);

// What was spent by the rows of the span, and by the days of it whose rows were dropped.
[[nodiscard]] std::string spending_question(const std::string& database, const ports::SpendingAccount& account,
                                            WallSpan span);
// What tenants were called last, and who was called so last.
[[nodiscard]] std::string names_question(const std::string& database, const std::set<TenantId>& tenants);
[[nodiscard]] std::string tenant_question(const std::string& database, const std::string& name);
[[nodiscard]] Result<std::map<TenantId, std::string>> read_names(std::string_view answer);

[[nodiscard]] Result<ports::Spending> read_spending(std::string_view answer);

}  // namespace obleth::adapters
