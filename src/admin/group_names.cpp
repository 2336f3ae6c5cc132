#include "admin/group_names.hpp"

namespace obleth::admin {

void GroupNames::remember(const Group& group) {
  names_[group.id] = group.name;
  ids_[group.name] = group.id;
}

Task<Outcome<std::string>> GroupNames::name_of(GroupId id) {
  if (const auto known = names_.find(id); known != names_.end()) co_return known->second;
  const Result<std::optional<Group>> found = co_await desk_.store().find_group(id.uuid());
  if (!found) co_return std::unexpected(refuse_fault(found.error()));
  if (!*found) co_return id.uuid();
  remember(**found);
  co_return (*found)->name;
}

Task<Outcome<GroupId>> GroupNames::id_of(std::string name, Reading& reading) {
  if (const auto known = ids_.find(name); known != ids_.end()) co_return known->second;
  const Result<std::optional<Group>> found = co_await desk_.store().find_group(name);
  if (!found) co_return std::unexpected(refuse_fault(found.error()));
  if (*found) {
    remember(**found);
    co_return (*found)->id;
  }
  reading.fault_at("group", "names no group: create \"" + name + "\" first");
  co_return GroupId{};
}

}  // namespace obleth::admin
