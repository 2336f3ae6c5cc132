#include "adapters/sqlite/usage_rows.hpp"

#include <algorithm>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/usage_names.hpp"
#include "adapters/sqlite/usage_rest.hpp"
#include "adapters/sqlite/usage_schema.hpp"

namespace obleth::adapters {

const std::string& select_usage_rows() {
  static const std::string sql =
      "SELECT u.place, u.event_id, u.client_request_id, t.id, t.name, k.id, g.word, m.word, r.word, u.status,"
      " u.admission, u.rest"
      " FROM usage AS u"
      " CROSS JOIN tenants AS t ON t.number = u.tenant CROSS JOIN keys AS k ON k.number = u.key"
      " CROSS JOIN words AS g ON g.number = u.grp CROSS JOIN words AS m ON m.number = u.model"
      " CROSS JOIN words AS r ON r.number = u.route";
  return sql;
}

UsageNumbers read_packed(Row& row, UsageRecord& record) {
  UsageNumbers numbers;
  record.status = static_cast<int>(row.integer());
  const std::int64_t admission = row.integer();
  record.admission = static_cast<AdmissionOutcome>(
      std::clamp<std::int64_t>(admission, 0, static_cast<std::int64_t>(AdmissionOutcome::refused)));
  if (!unpack_rest(row.blob(), record, numbers))
    throw StoreFailure(store_fault(FaultKind::broken, "the database holds a row that is damaged"));
  return numbers;
}

UsageRecord read_usage_row(SqliteConnection& connection, Row& row) {
  UsageRecord record;
  record.ts = time_of_place(row.integer());
  record.event_id = row.id<EventId>();
  record.client_request_id = row.text();
  record.tenant_id = row.id<TenantId>();
  record.tenant = row.text();
  record.key_id = row.id<KeyId>();
  record.group = row.text();
  record.model = row.text();
  record.route = row.text();
  const UsageNumbers numbers = read_packed(row, record);
  record.endpoint = word_of(connection, numbers.endpoint);
  record.error_code = word_of(connection, numbers.error_code);
  record.mcp_server = word_of(connection, numbers.mcp_server);
  return record;
}

}  // namespace obleth::adapters
