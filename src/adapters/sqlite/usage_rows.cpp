#include "adapters/sqlite/usage_rows.hpp"

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/usage_dictionary.hpp"
#include "adapters/sqlite/usage_names.hpp"
#include "adapters/sqlite/usage_rest.hpp"
#include "adapters/sqlite/usage_schema.hpp"

namespace obleth::adapters {

UsageNumbers read_sums_of(const UsageKind& kind, std::span<const std::uint8_t> rest, UsageRecord& record) {
  UsageNumbers numbers;
  record.status = kind.status;
  record.admission = kind.admission;
  if (!unpack_rest(rest, record, numbers))
    throw StoreFailure(store_fault(FaultKind::broken, "the database holds a row that is damaged"));
  return numbers;
}

const UsageRowReader::NamedTenant& UsageRowReader::tenant(std::int64_t number) {
  const auto [at, is_new] = tenants_.try_emplace(number);
  if (!is_new) return at->second;
  Statement find(connection_, "SELECT id, name FROM tenants WHERE number = ?");
  find.bind(number);
  if (find.step()) {
    Row row(find);
    at->second.id = row.id<TenantId>();
    at->second.name = row.text();
  }
  return at->second;
}

KeyId UsageRowReader::key(std::int64_t number) {
  const auto [at, is_new] = keys_.try_emplace(number);
  if (!is_new) return at->second;
  Statement find(connection_, "SELECT id FROM keys WHERE number = ?");
  find.bind(number);
  if (find.step()) at->second = Row(find).id<KeyId>();
  return at->second;
}

const std::string& UsageRowReader::word(std::int64_t number) {
  const auto [at, is_new] = words_.try_emplace(number);
  if (is_new) at->second = word_of(connection_, number);
  return at->second;
}

UsageRecord UsageRowReader::read(const WalkedRow& row) {
  UsageRecord record;
  record.ts = time_of_place(row.place);
  record.event_id = row.head.event;
  record.client_request_id = row.client_request_id;
  const NamedTenant& owner = tenant(row.head.tenant);
  record.tenant_id = owner.id;
  record.tenant = owner.name;
  record.key_id = key(row.head.key);
  const UsageKind& kind = kinds_.of(row.head.kind);
  record.group = word(kind.group);
  record.model = word(kind.model);
  record.route = word(kind.route);
  const UsageNumbers numbers = read_sums_of(kind, row.rest, record);
  record.endpoint = word(numbers.endpoint);
  record.error_code = word(numbers.error_code);
  record.mcp_server = word(numbers.mcp_server);
  return record;
}

}  // namespace obleth::adapters
