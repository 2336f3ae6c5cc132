#include "adapters/sql/key_table.hpp"

#include <array>

#include "adapters/sql/json_columns.hpp"
#include "adapters/sql/paging.hpp"
#include "adapters/sql/query.hpp"
#include "adapters/sql/store_failure.hpp"

namespace obleth::adapters {
namespace {

constexpr std::array<std::string_view, 16> columns{
    "id",         "tenant_id",      "name",  "prefix", "hash",   "former_hash", "former_expires_at", "disabled",
    "expires_at", "allowed_models", "quota", "budget", "weight", "created_at",  "updated_at",        "last_used_at"};
constexpr std::array<std::string_view, 2> kept{"created_at", "last_used_at"};

ApiKey read_key(QueryRow& row) {
  ApiKey key;
  key.id = row.id<KeyId>();
  key.tenant = row.id<TenantId>();
  key.name = row.text();
  key.prefix = row.text();
  key.hash = row.hash();
  key.former_hash = row.maybe(&QueryRow::hash);
  key.former_expires_at = row.maybe(&QueryRow::time);
  key.disabled = row.flag();
  key.expires_at = row.maybe(&QueryRow::time);
  key.allowed_models = row.maybe_parsed(texts_from_json);
  key.quota = quota_from_json(row.text());
  key.budget = row.maybe_parsed(budget_from_json);
  key.weight = row.small_integer();
  key.created_at = row.time();
  key.updated_at = row.time();
  key.last_used_at = row.maybe(&QueryRow::time);
  return key;
}

std::optional<ApiKey> read_first(Query& find) {
  if (!find.step()) return std::nullopt;
  QueryRow row(find);
  return read_key(row);
}

}  // namespace

void KeyTable::put(const ports::PutKey& write) const {
  const ApiKey& key = write.key;
  rows_.check_presence(key.id.bits, write.expect_new);
  check_name_free(key);
  if (!RecordTable(session_, "tenants", "tenant").exists(key.tenant.bits)) {
    refuse(FaultKind::not_found, "there is no such tenant", "tenant_id");
  }
  static const std::string sql = put_sql("keys", columns, kept);
  Query put(session_, sql);
  put.bind(key.id).bind(key.tenant).bind(key.name).bind(key.prefix).bind(key.hash);
  put.bind(key.former_hash).bind(key.former_expires_at).bind(key.disabled).bind(key.expires_at);
  put.bind(maybe_json(key.allowed_models)).bind(to_json(key.quota)).bind(maybe_json(key.budget)).bind(key.weight);
  put.bind(key.created_at).bind(key.updated_at).bind(key.last_used_at).run();
}

// Unique among the keys of one tenant; keys without a name are many.
void KeyTable::check_name_free(const ApiKey& key) const {
  if (key.name.empty()) return;
  // Says again that the name is not empty, so that the index over named keys is used.
  Query find(session_, "SELECT 1 FROM keys WHERE tenant_id = ? AND name = ? AND name <> '' AND id <> ?");
  if (!find.bind(key.tenant).bind(key.name).bind(key.id).step()) return;
  refuse(FaultKind::conflict, "the tenant has a key named \"" + key.name + "\" already", "name");
}

void KeyTable::note_use(KeyId id, WallTime at) const {
  Query note(session_,
             "UPDATE keys SET last_used_at = ? WHERE id = ? "
             "AND (last_used_at IS NULL OR last_used_at < ?)");
  note.bind(at).bind(id).bind(at).run();
}

void KeyTable::renew_hash(const ports::RenewedHash& renewed) const {
  Query renew(session_, "UPDATE keys SET hash = ? WHERE id = ? AND hash = ?");
  renew.bind(renewed.current).bind(renewed.key).bind(renewed.former).run();
}

std::optional<ApiKey> KeyTable::find(KeyId id) const {
  static const std::string sql = "SELECT " + column_list(columns) + " FROM keys WHERE id = ?";
  Query find(session_, sql);
  return read_first(find.bind(id));
}

std::optional<ApiKey> KeyTable::find(const SecretHash& hash, WallTime now) const {
  static const std::string current = "SELECT " + column_list(columns) + " FROM keys WHERE hash = ?";
  Query find_current(session_, current);
  if (auto key = read_first(find_current.bind(hash))) return key;
  static const std::string former =
      "SELECT " + column_list(columns) + " FROM keys WHERE former_hash = ? AND former_expires_at > ?";
  Query find_former(session_, former);
  return read_first(find_former.bind(hash).bind(now));
}

ports::Page<ApiKey> KeyTable::page(const std::optional<TenantId>& tenant, const ports::PageRequest& request) const {
  static const std::string from_start = " AND (created_at, id) > (?, ?) AND instr(lower(name), lower(?)) > 0";
  static const std::string select = "SELECT " + column_list(columns) + " FROM keys WHERE ";
  static const std::string of_tenant = select + "tenant_id = ?" + from_start + " ORDER BY created_at, id LIMIT ?";
  static const std::string of_all = select + "true" + from_start + " ORDER BY created_at, id LIMIT ?";
  const PageStart start = start_of(request.cursor);
  const std::size_t rows = rows_of(request);
  Query list(session_, tenant ? of_tenant : of_all);
  if (tenant) list.bind(*tenant);
  list.bind(start.at).bind(start.id).bind(request.name_contains).bind(rows + 1);
  return read_page<ApiKey>(list, rows, read_key);
}

}  // namespace obleth::adapters
