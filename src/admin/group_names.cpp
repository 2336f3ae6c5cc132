#include "admin/group_names.hpp"

namespace obleth::admin {

Task<Outcome<std::string>> GroupNames::name_of(GroupId id) {
  const Outcome<std::optional<std::string>> name = co_await find_name(id);
  if (!name) co_return std::unexpected(name.error());
  co_return name->value_or(id.uuid());
}

Task<Outcome<GroupId>> GroupNames::id_of(std::string name, Reading& reading) {
  const Outcome<std::optional<GroupId>> id = co_await find_id(name);
  if (!id) co_return std::unexpected(id.error());
  if (!*id) reading.fault_at("group", "names no group: create \"" + name + "\" first");
  co_return id->value_or(GroupId{});
}

}  // namespace obleth::admin
