#include "admin/group_fields.hpp"

#include <utility>

#include "admin/audit_note.hpp"
#include "admin/shapes.hpp"

namespace obleth::admin {
namespace {

Fields<Group> declare() {
  using F = Declare<Group>;
  const auto record = [](auto& group) -> auto& { return group; };
  return Fields<Group>(joined<Group>(
      {{F::fixed("id", uuid<GroupId>(), [](auto& group) -> auto& { return group.id; }),
        F::writable("name", unique_name(name_length_max), [](auto& group) -> auto& { return group.name; }).required(),
        F::writable("weight", weight(), [](auto& group) -> auto& { return group.weight; })
            .about("Share of the capacity, relative to the other groups."),
        F::writable("max_in_flight", slots_or_none(), [](auto& group) -> auto& { return group.max_in_flight; })},
       moment_fields<Group>(record)}));
}

}  // namespace

const Fields<Group>& group_fields() {
  static const Fields<Group> fields = declare();
  return fields;
}

Group new_group(const RecordDesk& desk, std::string name) {
  Group group;
  group.created_at = group.updated_at = desk.now();
  group.id = desk.new_id<GroupId>(group.created_at);
  group.name = std::move(name);
  return group;
}

AuditNote group_note(const char* action, const Group* before, const Group* after) {
  const Group& subject = after != nullptr ? *after : *before;
  return note_of({action, "group", subject.id.uuid(), subject.name}, group_fields(), before, after);
}

}  // namespace obleth::admin
