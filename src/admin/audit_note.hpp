// The audit log's view of one write: everything of what came or went, and only the difference of what changed.
// Pure; any thread.
#pragma once

#include <string>

#include "admin/fields.hpp"
#include "admin/record_desk.hpp"

namespace obleth::admin {

struct AuditTarget {
  std::string action;
  std::string kind;
  std::string id;
  std::string name;
};

// Null before: created. Null after: deleted.
template <class Record>
[[nodiscard]] AuditNote note_of(AuditTarget target, const Fields<Record>& fields, const Record* before,
                                const Record* after) {
  AuditNote note{.action = std::move(target.action),
                 .target_kind = std::move(target.kind),
                 .target = std::move(target.id),
                 .target_name = std::move(target.name),
                 .before = {},
                 .after = {}};
  if (before != nullptr && after != nullptr) {
    Difference difference = fields.difference(*before, *after);
    note.before = std::move(difference.before);
    note.after = std::move(difference.after);
  } else if (before != nullptr) {
    note.before = fields.kept(*before);
  } else if (after != nullptr) {
    note.after = fields.kept(*after);
  }
  return note;
}

}  // namespace obleth::admin
