// A ledger that an earlier version wrote says the same after its steps as one that was filled by this version.
#include "adapters/sqlite/usage_schema.hpp"

#include <gtest/gtest.h>

#include "adapters/sqlite/sqlite_usage_ledger.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_rows.hpp"
#include "base/temporary_folder_test.hpp"
#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::adapters {
namespace {

std::int64_t number(SqliteConnection& connection, const std::string& sql) {
  Statement ask(connection, sql);
  return ask.step() ? Row(ask).integer() : -1;
}

std::string attach(const std::string& path) {
  return "ATTACH '" + path + "' AS filled";
}

// A column for each value of a row.
void write_rows_as_the_first_version(SqliteConnection& connection) {
  Statement rows(connection,
                 "SELECT place, event_id, tenant, key, model, grp, route, client_request_id, status, admission, rest"
                 " FROM filled.usage");
  Statement insert(connection,
                   "INSERT INTO main.usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                   " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  while (rows.step()) {
    Row row(rows);
    insert.bind(row.integer()).bind(row.bits());
    for (int number = 0; number < 5; ++number)
      insert.bind(row.integer());
    const std::string client_request_id = row.text();
    UsageRecord record;
    const UsageNumbers numbers = read_packed(row, record);
    insert.bind(record.status).bind(static_cast<int>(record.admission)).bind(client_request_id);
    insert.bind(record.upstream_model).bind(numbers.endpoint).bind(record.stream).bind(numbers.error_code);
    insert.bind(record.tokens.prompt.value).bind(record.tokens.cached.value).bind(record.tokens.output.value);
    insert.bind(record.tokens.reasoning.value).bind(record.fair_estimate.value).bind(record.hold_estimate.value);
    insert.bind(static_cast<int>(record.usage_source)).bind(record.queue_ms).bind(record.ttft_ms);
    insert.bind(record.total_ms).bind(record.overhead_us).bind(record.fairshare_cost.value);
    insert.bind(record.fairshare_key).bind(record.fairshare_v).bind(record.slot_ms).bind(record.gpu_ms);
    insert.bind(record.weight).bind(record.cost.value).bind(static_cast<int>(record.cache));
    insert.bind(record.tokens_saved).bind(record.brownout_cap).bind(record.retries).bind(record.session_id);
    insert.bind(record.user_agent_family).bind(numbers.mcp_server).bind(record.mcp_method).bind(record.mcp_tool).run();
    insert.again();
  }
}

// As the first version kept them: one table for each level, the order of time first.
void write_as_the_first_version(const std::string& path, const std::string& filled) {
  SqliteConnection connection({path});
  migrate(connection, usage_migrations().first(1));
  connection.execute(attach(filled).c_str());
  for (const std::string table : {"words", "tenants", "keys", "spending_quarters", "spending_days", "delivered_ranges"})
    connection.execute(("INSERT INTO main." + table + " SELECT * FROM filled." + table).c_str());
  write_rows_as_the_first_version(connection);
  for (const std::string level : {"minutes", "hours", "days"}) {
    const std::string copy =
        "INSERT INTO usage_" + level +
        " SELECT begin, tenant, key, model, grp, requests, errors, refusals, brownouts, cache_hits,"
        " retries, input_tokens, cached_tokens, output_tokens, reasoning_tokens, tokens_saved, cost,"
        " gpu_ms, slot_ms, queue_ms, durations FROM filled.usage_" +
        level + "_by_all";
    connection.execute(copy.c_str());
  }
}

TEST(UsageSchema, RowsAndSumsOfTheFirstVersionAreCarriedOver) {
  const TemporaryFolder folder;
  const std::string old_path = folder.file("old.db");
  const std::string filled_path = folder.file("filled.db");
  {
    const auto ledger = std::move(*SqliteUsageLedger::open({.path = filled_path}));
    RandomRows random(17);
    for (std::uint64_t batch = 0; batch < 4; ++batch) {
      const std::vector<UsageRecord> rows = random.some(500, noon_ms, 50 * hour_ms);
      const ports::UsageBatch delivery{{.segment = {1, 1}, .begin = batch, .end = batch + 1}, rows};
      ASSERT_TRUE(ledger->deliver(delivery).run_now());
    }
  }
  write_as_the_first_version(old_path, filled_path);
  ASSERT_TRUE(SqliteUsageLedger::open({.path = old_path}));

  SqliteConnection connection({old_path});
  connection.execute(attach(filled_path).c_str());
  for (const std::string table :
       {"usage", "usage_kinds", "usage_minutes_by_model", "usage_minutes_by_all", "usage_hours_by_model",
        "usage_hours_by_key", "usage_hours_by_all", "usage_days_by_model", "usage_days_by_key", "usage_days_by_all"}) {
    EXPECT_GT(number(connection, "SELECT count(*) FROM main." + table), 0) << table;
    for (const auto& [one, other] : {std::pair("main.", "filled."), std::pair("filled.", "main.")}) {
      EXPECT_EQ(number(connection, "SELECT count(*) FROM (SELECT * FROM " + (one + table) + " EXCEPT SELECT * FROM " +
                                       (other + table) + ")"),
                0)
          << one << table;
    }
  }
  EXPECT_EQ(number(connection, "SELECT count(*) FROM main.sqlite_schema WHERE name = 'usage_days'"), 0);
}

}  // namespace
}  // namespace obleth::adapters
