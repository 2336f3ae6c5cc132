// Settings that the Management API keeps (capacity among them), in SQLite. Faults are thrown as StoreFailure.
// Thread: the connection's.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class SettingTable {
 public:
  explicit SettingTable(SqliteConnection& connection) : connection_(connection) {}

  void put(const ports::PutSetting& write) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> all() const;  // by name

 private:
  SqliteConnection& connection_;
};

}  // namespace obleth::adapters
