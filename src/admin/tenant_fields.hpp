// A tenant as the Management API reads and writes it. Any thread.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "admin/fields.hpp"
#include "admin/shapes.hpp"
#include "domain/tenant.hpp"

namespace obleth::admin {

// The record, its group by name, and its budget with what is spent of it.
struct TenantDoc {
  Tenant tenant;
  std::string group = default_group_name;
  std::optional<BudgetDoc> budget;
};

[[nodiscard]] TenantDoc tenant_doc(Tenant tenant, std::string group);
// The record to store, once the group's name is resolved.
[[nodiscard]] Tenant tenant_record(const TenantDoc& doc, GroupId group);

[[nodiscard]] const Fields<TenantDoc>& tenant_fields();

}  // namespace obleth::admin
