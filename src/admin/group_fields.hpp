// A group of tenants as the Management API reads and writes it. Any thread.
#pragma once

#include <string>

#include "admin/fields.hpp"
#include "admin/record_desk.hpp"
#include "domain/tenant.hpp"

namespace obleth::admin {

[[nodiscard]] const Fields<Group>& group_fields();
[[nodiscard]] Group new_group(const RecordDesk& desk, std::string name);
// Null before: created. Null after: deleted.
[[nodiscard]] AuditNote group_note(const char* action, const Group* before, const Group* after);

}  // namespace obleth::admin
