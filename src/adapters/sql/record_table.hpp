// What all tables of the record share: rows are found by id, names are unique, a write says whether the row is new.
//
// Used inside a write transaction, so a check holds until the commit. Faults are thrown as StoreFailure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "adapters/sql/session.hpp"
#include "base/strong_id.hpp"

namespace obleth::adapters {

class RecordTable {
 public:
  // table and noun outlive this object: "tenants", "tenant".
  RecordTable(SqlSession& session, std::string_view table, std::string_view noun)
      : session_(session), table_(table), noun_(noun) {}

  [[nodiscard]] bool exists(const Bits128& id) const;
  // conflict when a new row is there already, not_found when a known one is not.
  void check_presence(const Bits128& id, bool expect_new) const;
  // conflict, naming the field, when another row has this name.
  void check_name_free(const Bits128& id, const std::string& name) const;
  void erase(const Bits128& id) const;  // not_found
  // A row that is about to be put under another name lets others have its own. column: where the name stands.
  void let_go_of_name(const Bits128& id, const std::string& next, std::string_view column = "name") const;

 private:
  SqlSession& session_;
  std::string_view table_;
  std::string_view noun_;
};

// INSERT … ON CONFLICT (id) DO UPDATE over these columns, of which the first is the id. An update leaves the columns
// in `kept` as they are.
[[nodiscard]] std::string put_sql(std::string_view table, std::span<const std::string_view> columns,
                                  std::span<const std::string_view> kept);
// "id, name, weight"
[[nodiscard]] std::string column_list(std::span<const std::string_view> columns);

}  // namespace obleth::adapters
