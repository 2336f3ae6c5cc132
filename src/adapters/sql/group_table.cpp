#include "adapters/sql/group_table.hpp"

#include <array>

#include "adapters/sql/paging.hpp"
#include "adapters/sql/query.hpp"
#include "adapters/sql/store_failure.hpp"

namespace obleth::adapters {
namespace {

constexpr std::array<std::string_view, 6> columns{"id", "name", "weight", "max_in_flight", "created_at", "updated_at"};
constexpr std::array<std::string_view, 1> kept{"created_at"};

Group read_group(QueryRow& row) {
  Group group;
  group.id = row.id<GroupId>();
  group.name = row.text();
  group.weight = row.small_integer();
  group.max_in_flight = row.maybe(&QueryRow::small_integer);
  group.created_at = row.time();
  group.updated_at = row.time();
  return group;
}

std::optional<Group> read_first(Query& find) {
  if (!find.step()) return std::nullopt;
  QueryRow row(find);
  return read_group(row);
}

}  // namespace

void GroupTable::put(const ports::PutGroup& write) const {
  const Group& group = write.group;
  rows_.check_presence(group.id.bits, write.expect_new);
  rows_.check_name_free(group.id.bits, group.name);
  if (group.name != default_group_name) check_default_stays(group.id);
  static const std::string sql = put_sql("groups", columns, kept);
  Query put(session_, sql);
  put.bind(group.id).bind(group.name).bind(group.weight).bind(group.max_in_flight);
  put.bind(group.created_at).bind(group.updated_at).run();
}

void GroupTable::let_go_of_name(const Group& next) const {
  if (next.name != default_group_name) check_default_stays(next.id);
  rows_.let_go_of_name(next.id.bits, next.name);
}

void GroupTable::erase(GroupId id) const {
  check_default_stays(id);
  check_empty(id);
  rows_.erase(id.bits);
}

void GroupTable::check_empty(GroupId id) const {
  Query find(session_, "SELECT name, (SELECT count(*) FROM tenants WHERE group_id = ?1) FROM groups WHERE id = ?1");
  if (!find.bind(id).step()) return;
  QueryRow row(find);
  const std::string name = row.text();
  const std::int64_t tenants = row.integer();
  if (tenants == 0) return;
  const std::string held = tenants == 1 ? "1 tenant: move it" : std::to_string(tenants) + " tenants: move them";
  refuse(FaultKind::conflict, "the group \"" + name + "\" has " + held + " to another first");
}

void GroupTable::check_default_stays(GroupId id) const {
  Query find(session_, "SELECT 1 FROM groups WHERE id = ? AND name = ?");
  if (!find.bind(id).bind(default_group_name).step()) return;
  refuse(FaultKind::conflict, "the group \"default\" is where tenants are by default: it stays, and keeps its name",
         "name");
}

std::optional<Group> GroupTable::find(GroupId id) const {
  static const std::string sql = "SELECT " + column_list(columns) + " FROM groups WHERE id = ?";
  Query find(session_, sql);
  return read_first(find.bind(id));
}

std::optional<Group> GroupTable::find(const std::string& id_or_name) const {
  static const std::string sql =
      "SELECT " + column_list(columns) + " FROM groups WHERE id = ?1 OR name = ?2 ORDER BY id = ?1 DESC LIMIT 1";
  Query find(session_, sql);
  return read_first(find.bind(GroupId::from_text(id_or_name)).bind(id_or_name));
}

ports::Page<Group> GroupTable::page(const ports::PageRequest& request) const {
  static const std::string sql = "SELECT " + column_list(columns) +
                                 " FROM groups WHERE (created_at, id) > (?, ?) AND instr(lower(name), lower(?)) > 0"
                                 " ORDER BY created_at, id LIMIT ?";
  const PageStart start = start_of(request.cursor);
  const std::size_t rows = rows_of(request);
  Query list(session_, sql);
  list.bind(start.at).bind(start.id).bind(request.name_contains).bind(rows + 1);
  return read_page<Group>(list, rows, read_group);
}

}  // namespace obleth::adapters
