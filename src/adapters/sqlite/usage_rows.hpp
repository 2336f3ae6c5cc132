// A row of the ledger as the record that it was made of; usage_insertion.hpp writes it. Thread: the connection's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/usage_dictionary.hpp"
#include "adapters/sqlite/usage_kinds.hpp"
#include "adapters/sqlite/usage_walk.hpp"
#include "domain/usage_record.hpp"

namespace obleth::adapters {

// Reads all that is summed of a row: what its kind and its rest hold. The numbers are the rest's.
UsageNumbers read_sums_of(const UsageKind& kind, std::span<const std::uint8_t> rest, UsageRecord& record);

// Reads rows with all their names, each of which it asks for once.
class UsageRowReader {
 public:
  explicit UsageRowReader(SqliteConnection& connection) : connection_(connection), kinds_(connection) {}
  [[nodiscard]] UsageRecord read(const WalkedRow& row);

 private:
  struct NamedTenant {
    TenantId id;
    std::string name;
  };
  [[nodiscard]] const NamedTenant& tenant(std::int64_t number);
  [[nodiscard]] KeyId key(std::int64_t number);
  [[nodiscard]] const std::string& word(std::int64_t number);

  SqliteConnection& connection_;
  KindBook kinds_;
  std::unordered_map<std::int64_t, NamedTenant> tenants_;
  std::unordered_map<std::int64_t, KeyId> keys_;
  std::unordered_map<std::int64_t, std::string> words_;
};

}  // namespace obleth::adapters
