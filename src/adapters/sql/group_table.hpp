// Groups of tenants. Faults are thrown as StoreFailure. Thread: the session's.
#pragma once

#include <optional>
#include <string>

#include "adapters/sql/record_table.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class GroupTable {
 public:
  explicit GroupTable(SqlSession& session) : session_(session), rows_(session, "groups", "group") {}

  void put(const ports::PutGroup& write) const;
  // Before it is put under another name.
  void let_go_of_name(const Group& next) const;
  // conflict while tenants are in it, and for the group in which tenants are by default.
  void erase(GroupId id) const;

  [[nodiscard]] std::optional<Group> find(GroupId id) const;
  [[nodiscard]] std::optional<Group> find(const std::string& id_or_name) const;
  [[nodiscard]] ports::Page<Group> page(const ports::PageRequest& request) const;

 private:
  void check_default_stays(GroupId id) const;
  void check_empty(GroupId id) const;

  SqlSession& session_;
  RecordTable rows_;
};

}  // namespace obleth::adapters
