#include "adapters/sql/tenant_table.hpp"

#include <array>

#include "adapters/sql/enum_text.hpp"
#include "adapters/sql/json_columns.hpp"
#include "adapters/sql/paging.hpp"
#include "adapters/sql/query.hpp"
#include "adapters/sql/store_failure.hpp"

namespace obleth::adapters {
namespace {

constexpr std::array<std::string_view, 14> columns{
    "id",     "name",     "description", "group_id",         "weight",     "quota",     "budget", "allowed_models",
    "status", "schedule", "brownout",    "brownout_wait_ms", "created_at", "updated_at"};
constexpr std::array<std::string_view, 1> kept{"created_at"};

Tenant read_tenant(QueryRow& row) {
  Tenant tenant;
  tenant.id = row.id<TenantId>();
  tenant.name = row.text();
  tenant.description = row.text();
  tenant.group = row.id<GroupId>();
  tenant.weight = row.small_integer();
  tenant.quota = quota_from_json(row.text());
  tenant.budget = row.maybe_parsed(budget_from_json);
  tenant.allowed_models = row.maybe_parsed(texts_from_json);
  tenant.status = value_of<TenantStatus>(row.text());
  tenant.schedule = schedule_from_json(row.text());
  tenant.brownout = value_of<BrownoutPolicy>(row.text());
  tenant.brownout_wait_ms = row.maybe(&QueryRow::small_integer);
  tenant.created_at = row.time();
  tenant.updated_at = row.time();
  return tenant;
}

std::optional<Tenant> read_first(Query& find) {
  if (!find.step()) return std::nullopt;
  QueryRow row(find);
  return read_tenant(row);
}

}  // namespace

void TenantTable::put(const ports::PutTenant& write) const {
  const Tenant& tenant = write.tenant;
  rows_.check_presence(tenant.id.bits, write.expect_new);
  rows_.check_name_free(tenant.id.bits, tenant.name);
  if (!RecordTable(session_, "groups", "group").exists(tenant.group.bits)) {
    refuse(FaultKind::invalid, "there is no such group", "group");
  }
  static const std::string sql = put_sql("tenants", columns, kept);
  Query put(session_, sql);
  put.bind(tenant.id).bind(tenant.name).bind(tenant.description).bind(tenant.group).bind(tenant.weight);
  put.bind(to_json(tenant.quota)).bind(maybe_json(tenant.budget)).bind(maybe_json(tenant.allowed_models));
  put.bind(word_of(tenant.status)).bind(to_json(tenant.schedule));
  put.bind(word_of(tenant.brownout)).bind(tenant.brownout_wait_ms);
  put.bind(tenant.created_at).bind(tenant.updated_at).run();
}

std::optional<Tenant> TenantTable::find(TenantId id) const {
  static const std::string sql = "SELECT " + column_list(columns) + " FROM tenants WHERE id = ?";
  Query find(session_, sql);
  return read_first(find.bind(id));
}

std::optional<Tenant> TenantTable::find(const std::string& id_or_name) const {
  static const std::string sql =
      "SELECT " + column_list(columns) + " FROM tenants WHERE id = ?1 OR name = ?2 ORDER BY id = ?1 DESC LIMIT 1";
  Query find(session_, sql);
  return read_first(find.bind(TenantId::from_text(id_or_name)).bind(id_or_name));
}

ports::Page<Tenant> TenantTable::page(const ports::PageRequest& request) const {
  static const std::string sql = "SELECT " + column_list(columns) +
                                 " FROM tenants WHERE (created_at, id) > (?, ?) AND instr(lower(name), lower(?)) > 0"
                                 " ORDER BY created_at, id LIMIT ?";
  const PageStart start = start_of(request.cursor);
  const std::size_t rows = rows_of(request);
  Query list(session_, sql);
  list.bind(start.at).bind(start.id).bind(request.name_contains).bind(rows + 1);
  return read_page<Tenant>(list, rows, read_tenant);
}

}  // namespace obleth::adapters
