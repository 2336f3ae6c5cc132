// What a call of the usage routes asks for: the span, who and what it is about, and every fault in it at once.
//
// A name that nothing has leads to no rows; it is no fault. Thread: lives in one call.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/call.hpp"
#include "admin/record_desk.hpp"
#include "admin/reply.hpp"
#include "admin/route.hpp"
#include "base/task.hpp"
#include "ports/usage_ledger.hpp"

namespace obleth::admin {

inline constexpr std::int64_t usage_days_default = 30;  // of a span whose begin is not asked for

// since, until, tenant, key, model, group.
[[nodiscard]] std::vector<Parameter> scope_parameters(const std::string& since_default);
// And route, status, admission, event_id, client_request_id.
[[nodiscard]] std::vector<Parameter> row_parameters();
[[nodiscard]] Parameter groups_parameter(std::int64_t groups_default, std::int64_t groups_max);

struct AskedScope {
  ports::UsageScope scope;
  std::optional<WallTime> until;  // absent: open
};

// Where no begin is asked for, default_begin is it.
Task<Outcome<AskedScope>> asked_scope(const Call& call, RecordDesk& desk, WallTime default_begin);
Task<Outcome<ports::UsageRowFilter>> asked_rows(const Call& call, RecordDesk& desk);
[[nodiscard]] Outcome<std::size_t> asked_groups(const Call& call, std::int64_t groups_default, std::int64_t groups_max);

// The beginning of the UTC day that lies this many days back.
[[nodiscard]] WallTime days_before(WallTime now, std::int64_t days);

// The tenant of this id or name, deleted ones that the ledger knows among them.
Task<Outcome<std::optional<TenantId>>> usage_tenant(RecordDesk& desk, std::string id_or_name);

}  // namespace obleth::admin
