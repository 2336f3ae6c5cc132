// A tenant's key as the Management API reads and writes it, and the making of its secret. Any thread.
#pragma once

#include <optional>
#include <string>

#include "admin/fields.hpp"
#include "admin/record_desk.hpp"
#include "admin/shapes.hpp"
#include "base/secret.hpp"
#include "domain/api_key.hpp"

namespace obleth::admin {

struct KeyDoc {
  ApiKey key;
  std::optional<BudgetDoc> budget;
};

// A key and the only sight of its secret.
struct FreshKey {
  KeyDoc doc;
  Secret secret;
};

[[nodiscard]] const Fields<KeyDoc>& key_fields();
[[nodiscard]] KeyDoc key_doc(ApiKey key);
[[nodiscard]] ApiKey key_record(const KeyDoc& doc);
// Named after its secret's first characters until the body names it.
[[nodiscard]] FreshKey new_key(const RecordDesk& desk, TenantId tenant);
[[nodiscard]] Secret new_secret(const RecordDesk& desk);
// Null before: created. Null after: deleted.
[[nodiscard]] AuditNote key_note(const char* action, const KeyDoc* before, const KeyDoc* after);

}  // namespace obleth::admin
