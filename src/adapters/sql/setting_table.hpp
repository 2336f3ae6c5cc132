// Settings that the Management API keeps (capacity among them). Faults are thrown as StoreFailure.
// Thread: the session's.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "adapters/sql/session.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class SettingTable {
 public:
  explicit SettingTable(SqlSession& session) : session_(session) {}

  void put(const ports::PutSetting& write) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> all() const;  // by name

 private:
  SqlSession& session_;
};

}  // namespace obleth::adapters
