// Names that come back in many rows, as the numbers under which the ledger's tables know them.
//
// Numbers that were given in a transaction that failed do not exist: forget_all() then. Holds at most entries_max of
// each kind in memory. Thread: the writing connection's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/usage_kinds.hpp"
#include "domain/usage_record.hpp"

namespace obleth::adapters {

struct UsageNumbers {
  std::int64_t tenant = 0;
  std::int64_t key = 0;
  std::int64_t model = 0;
  std::int64_t group = 0;
  std::int64_t route = 0;
  std::int64_t endpoint = 0;
  std::int64_t error_code = 0;
  std::int64_t mcp_server = 0;
  std::int64_t kind = 0;
};

class UsageDictionary {
 public:
  static constexpr std::size_t entries_max = 100'000;

  // New names are written; inside the transaction of the rows.
  [[nodiscard]] UsageNumbers numbers_of(SqliteConnection& connection, const UsageRecord& record);
  void forget_all();

 private:
  struct KnownTenant {
    std::int64_t number = 0;
    std::string name;
  };
  std::int64_t tenant(SqliteConnection& connection, TenantId id, const std::string& name);
  const KnownTenant& find_tenant(SqliteConnection& connection, TenantId id, const std::string& name);
  std::int64_t key(SqliteConnection& connection, KeyId id, std::int64_t tenant_number);
  std::int64_t find_key(SqliteConnection& connection, KeyId id, std::int64_t tenant_number);
  std::int64_t find_word(SqliteConnection& connection, const std::string& word);
  std::int64_t kind(SqliteConnection& connection, const UsageKind& kind);
  std::int64_t find_kind(SqliteConnection& connection, const UsageKind& kind);
  // Of a column: most rows say there what the row before them said.
  struct LastWord {
    bool is_set = false;
    std::string word;
    std::int64_t number = 0;
  };
  std::int64_t word(SqliteConnection& connection, std::string_view word, LastWord& last);

  std::unordered_map<TenantId, KnownTenant> tenants_;
  std::unordered_map<KeyId, std::int64_t> keys_;
  std::unordered_map<std::string, std::int64_t> words_;
  std::map<UsageKind, std::int64_t> kinds_;
  // Numbers that are 0: nothing was said before.
  struct Last {
    TenantId tenant_id;
    KnownTenant tenant;
    KeyId key_id;
    std::int64_t key = 0;
    LastWord model, group, route, endpoint, error_code, mcp_server;
    UsageKind kind;
    std::int64_t kind_number = 0;
  } last_;
};

}  // namespace obleth::adapters
