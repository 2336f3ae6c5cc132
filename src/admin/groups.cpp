#include "admin/groups.hpp"

#include <string>
#include <utility>

#include "admin/paging.hpp"

namespace obleth::admin {
namespace {

const Fields<Group>& weight_only() {
  static const Fields<Group> fields = group_fields().only({"weight"}).all_required();
  return fields;
}

}  // namespace

void Groups::register_in(RouteTable& table) {
  table.section("groups");
  table.describe_resource("Group", group_fields());
  table.describe("GroupWeight", weight_only().schema(SchemaKind::replace));
  table.add(
      get("/fairshare/groups", "List groups").lists("Group").asks(page_parameters()).answered_by(this, &Groups::list));
  table.add(post("/fairshare/groups", "Create a group")
                .takes("GroupCreate")
                .gives("Group", 201)
                .may_answer({409})
                .answered_by(this, &Groups::create));
  table.add(get("/fairshare/groups/{name}", "Show a group").gives("Group").answered_by(this, &Groups::show));
  table.add(put("/fairshare/groups/{name}", "Replace a group")
                .takes("GroupReplace")
                .gives("Group")
                .may_answer({409})
                .answered_by([this](const Call& call) { return edit(call, group_fields(), ReadMode::replace); }));
  table.add(patch("/fairshare/groups/{name}", "Change a group")
                .takes("GroupChange")
                .gives("Group")
                .may_answer({409})
                .answered_by([this](const Call& call) { return edit(call, group_fields(), ReadMode::change); }));
  table.add(patch("/fairshare/groups/{name}/weight", "Set a group's weight")
                .takes("GroupWeight")
                .gives("Group")
                .answered_by([this](const Call& call) { return edit(call, weight_only(), ReadMode::replace); }));
  table.add(del("/fairshare/groups/{name}", "Delete a group that has no tenants")
                .may_answer({409})
                .answered_by(this, &Groups::remove));
}

Task<Reply> Groups::list(const Call& call) {
  const Outcome<ports::PageRequest> page = requested_page(call);
  if (!page) co_return page.error();
  const auto groups = co_await desk_.store().list_groups(*page);
  if (!groups) co_return refuse_page(groups.error());
  Json rows = Json::list();
  for (const Group& group : groups->rows)
    rows.append(group_fields().show(group));
  co_return answer(200, list_json(std::move(rows), groups->next_cursor));
}

Task<Reply> Groups::create(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  Group group = new_group(desk_, {});
  Reading reading(ReadMode::create);
  group_fields().take(group, call.body, reading);
  if (reading.failed()) co_return refuse_body(reading);
  Edit made;
  made.add(ports::PutGroup{group, true}, group_note("group.create", nullptr, &group), ports::GroupsChanged{});
  const auto done = co_await desk_.commit(turn, call.caller, std::move(made));
  if (!done) co_return done.error();
  co_return answer(201, group_fields().show(group));
}

Task<Reply> Groups::show(const Call& call) {
  const Outcome<Group> group = co_await find(call.at("name"));
  if (!group) co_return group.error();
  co_return answer(200, group_fields().show(*group));
}

Task<Reply> Groups::edit(const Call& call, const Fields<Group>& fields, ReadMode mode) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  const Outcome<Group> current = co_await find(call.at("name"));
  if (!current) co_return current.error();
  Group next = *current;
  Reading reading(mode);
  fields.take(next, call.body, reading);
  if (current->name == default_group_name && next.name != default_group_name)
    reading.fault_at("name", "of the default group cannot be changed: new tenants go there");
  if (reading.failed()) co_return refuse_body(reading);
  next.updated_at = desk_.now();
  Edit changed;
  changed.add(ports::PutGroup{next, false}, group_note("group.update", &*current, &next), ports::GroupsChanged{});
  const auto done = co_await desk_.commit(turn, call.caller, std::move(changed));
  if (!done) co_return done.error();
  co_return answer(200, group_fields().show(next));
}

Task<Reply> Groups::remove(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  const Outcome<Group> group = co_await find(call.at("name"));
  if (!group) co_return group.error();
  if (group->name == default_group_name)
    co_return conflict("name", "\"default\" is where new tenants go: this group stays");
  Edit deleted;
  deleted.add(ports::DeleteGroup{group->id}, group_note("group.delete", &*group, nullptr), ports::GroupsChanged{});
  const auto done = co_await desk_.commit(turn, call.caller, std::move(deleted));
  if (!done) co_return done.error();
  co_return no_content();
}

Task<Outcome<Group>> Groups::find(std::string name) {
  Result<std::optional<Group>> found = co_await desk_.store().find_group(name);
  if (!found) co_return std::unexpected(refuse_fault(found.error()));
  if (!*found) co_return std::unexpected(not_found("group", name));
  co_return std::move(**found);
}

}  // namespace obleth::admin
