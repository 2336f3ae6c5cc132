#include "adapters/sqlite/usage_dictionary.hpp"

#include <utility>

#include "adapters/sqlite/statement.hpp"

namespace obleth::adapters {
namespace {

template <class Map>
void keep_bounded(Map& map) {
  if (map.size() >= UsageDictionary::entries_max) map.clear();
}

}  // namespace

UsageNumbers UsageDictionary::numbers_of(SqliteConnection& connection, const UsageRecord& record) {
  UsageNumbers numbers;
  numbers.tenant = tenant(connection, record.tenant_id, record.tenant);
  numbers.key = key(connection, record.key_id, numbers.tenant);
  numbers.model = word(connection, record.model, last_.model);
  numbers.group = word(connection, record.group, last_.group);
  numbers.route = word(connection, record.route, last_.route);
  numbers.endpoint = word(connection, record.endpoint, last_.endpoint);
  numbers.error_code = word(connection, record.error_code, last_.error_code);
  numbers.mcp_server = word(connection, record.mcp_server, last_.mcp_server);
  numbers.kind = kind(connection, {numbers.model, numbers.group, numbers.route, record.status, record.admission});
  return numbers;
}

void UsageDictionary::forget_all() {
  tenants_.clear();
  keys_.clear();
  words_.clear();
  kinds_.clear();
  last_ = {};
}

std::int64_t UsageDictionary::tenant(SqliteConnection& connection, TenantId id, const std::string& name) {
  if (last_.tenant.number == 0 || last_.tenant_id != id || (last_.tenant.name != name && !name.empty())) {
    last_.tenant = find_tenant(connection, id, name);
    last_.tenant_id = id;
  }
  return last_.tenant.number;
}

const UsageDictionary::KnownTenant& UsageDictionary::find_tenant(SqliteConnection& connection, TenantId id,
                                                                 const std::string& name) {
  const auto known = tenants_.find(id);
  if (known != tenants_.end() && (name.empty() || name == known->second.name)) return known->second;
  // A name that is not told leaves the one that is known.
  Statement put(connection,
                "INSERT INTO tenants (id, name) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET"
                " name = iif(excluded.name = '', name, excluded.name) RETURNING number, name");
  put.bind(id).bind(name).step();
  Row row(put);
  const std::int64_t number = row.integer();
  keep_bounded(tenants_);
  KnownTenant& tenant = tenants_[id];
  tenant = {number, row.text()};
  put.run();
  return tenant;
}

std::int64_t UsageDictionary::key(SqliteConnection& connection, KeyId id, std::int64_t tenant_number) {
  if (last_.key == 0 || last_.key_id != id) {
    last_.key = find_key(connection, id, tenant_number);
    last_.key_id = id;
  }
  return last_.key;
}

std::int64_t UsageDictionary::find_key(SqliteConnection& connection, KeyId id, std::int64_t tenant_number) {
  if (const auto known = keys_.find(id); known != keys_.end()) return known->second;
  Statement put(connection,
                "INSERT INTO keys (id, tenant) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET tenant = tenant"
                " RETURNING number");
  put.bind(id).bind(tenant_number).step();
  const std::int64_t number = Row(put).integer();
  put.run();
  keep_bounded(keys_);
  keys_[id] = number;
  return number;
}

std::int64_t UsageDictionary::word(SqliteConnection& connection, std::string_view word, LastWord& last) {
  if (!last.is_set || last.word != word) {
    std::string owned(word);
    const std::int64_t number = find_word(connection, owned);
    last = {true, std::move(owned), number};
  }
  return last.number;
}

std::int64_t UsageDictionary::find_word(SqliteConnection& connection, const std::string& word) {
  if (const auto known = words_.find(word); known != words_.end()) return known->second;
  Statement put(connection,
                "INSERT INTO words (word) VALUES (?1) ON CONFLICT (word) DO UPDATE SET word = word RETURNING number");
  put.bind(word).step();
  const std::int64_t number = Row(put).integer();
  put.run();
  keep_bounded(words_);
  words_[word] = number;
  return number;
}

std::int64_t UsageDictionary::kind(SqliteConnection& connection, const UsageKind& kind) {
  if (last_.kind_number == 0 || last_.kind != kind) {
    last_.kind_number = find_kind(connection, kind);
    last_.kind = kind;
  }
  return last_.kind_number;
}

std::int64_t UsageDictionary::find_kind(SqliteConnection& connection, const UsageKind& kind) {
  if (const auto known = kinds_.find(kind); known != kinds_.end()) return known->second;
  Statement put(connection,
                "INSERT INTO kinds (model, grp, route, status, admission) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (model, grp, route, status, admission) DO UPDATE SET model = model RETURNING number");
  put.bind(kind.model).bind(kind.group).bind(kind.route).bind(kind.status).bind(static_cast<int>(kind.admission));
  put.step();
  const std::int64_t number = Row(put).integer();
  put.run();
  keep_bounded(kinds_);
  kinds_[kind] = number;
  return number;
}

}  // namespace obleth::adapters
