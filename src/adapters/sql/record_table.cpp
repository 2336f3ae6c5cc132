#include "adapters/sql/record_table.hpp"

#include <algorithm>

#include "adapters/sql/query.hpp"
#include "adapters/sql/store_failure.hpp"

namespace obleth::adapters {

bool RecordTable::exists(const Bits128& id) const {
  Query find(session_, "SELECT 1 FROM " + std::string(table_) + " WHERE id = ?");
  return find.bind(id).step();
}

void RecordTable::check_presence(const Bits128& id, bool expect_new) const {
  if (exists(id) != expect_new) return;
  const std::string noun(noun_);
  if (expect_new) refuse(FaultKind::conflict, "there is a " + noun + " with this id already", "id");
  refuse(FaultKind::not_found, "there is no such " + noun, "id");
}

void RecordTable::check_name_free(const Bits128& id, const std::string& name) const {
  Query find(session_, "SELECT 1 FROM " + std::string(table_) + " WHERE name = ? AND id <> ?");
  if (!find.bind(name).bind(id).step()) return;
  refuse(FaultKind::conflict, "there is a " + std::string(noun_) + " named \"" + name + "\" already", "name");
}

void RecordTable::erase(const Bits128& id) const {
  Query remove(session_, "DELETE FROM " + std::string(table_) + " WHERE id = ?");
  remove.bind(id).run();
  if (session_.rows_changed() == 0) refuse(FaultKind::not_found, "there is no such " + std::string(noun_), "id");
}

void RecordTable::let_go_of_name(const Bits128& id, const std::string& next, std::string_view column) const {
  const std::string name(column);
  Query rename(session_, "UPDATE " + std::string(table_) + " SET " + name + " = ? WHERE id = ? AND " + name + " <> ?");
  // Until its put comes; no name holds a control character.
  rename.bind("\x7F" + to_hex32(id)).bind(id).bind(next).run();
}

std::string column_list(std::span<const std::string_view> columns) {
  std::string list;
  for (const std::string_view column : columns) {
    if (!list.empty()) list += ", ";
    list += column;
  }
  return list;
}

std::string put_sql(std::string_view table, std::span<const std::string_view> columns,
                    std::span<const std::string_view> kept) {
  std::string sql = "INSERT INTO " + std::string(table) + " (" + column_list(columns) + ") VALUES (?";
  for (std::size_t more = 1; more < columns.size(); ++more)
    sql += ", ?";
  sql += ") ON CONFLICT (id) DO UPDATE SET ";
  bool first = true;
  for (const std::string_view column : columns.subspan(1)) {
    if (std::ranges::find(kept, column) != kept.end()) continue;
    if (!first) sql += ", ";
    first = false;
    sql.append(column).append(" = excluded.").append(column);
  }
  return sql;
}

}  // namespace obleth::adapters
