// A ledger that an earlier version wrote says the same after its steps as one that was filled by this version.
#include "adapters/sqlite/usage_schema.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "adapters/sqlite/period_closing.hpp"
#include "adapters/sqlite/rolled_up.hpp"
#include "adapters/sqlite/sqlite_usage_ledger.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/sum_functions.hpp"
#include "adapters/sqlite/usage_functions.hpp"
#include "adapters/sqlite/usage_rest.hpp"
#include "adapters/sqlite/usage_rows.hpp"
#include "adapters/sqlite/usage_sum_columns.hpp"
#include "adapters/sqlite/usage_walk.hpp"
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

// The rows of a ledger as this version reads them, with what the columns of the first one held.
template <class Visit>
void each_row(const std::string& path, Visit visit) {
  SqliteConnection connection({path});
  UsageWalk walk(connection, {.places = {0, std::numeric_limits<std::int64_t>::max()}});
  KindBook kinds(connection);
  while (const WalkedRow* row = walk.next()) {
    const UsageKind& kind = kinds.of(row->head.kind);
    UsageRecord record;
    const UsageNumbers numbers = read_sums_of(kind, row->rest, record);
    visit(*row, kind, record, numbers);
  }
}

// A column for each value of a row.
void write_rows_as_the_first_version(SqliteConnection& connection, const std::string& filled) {
  Statement insert(connection,
                   "INSERT INTO main.usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                   " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  each_row(filled, [&](const WalkedRow& row, const UsageKind& kind, UsageRecord& record, const UsageNumbers& numbers) {
    insert.bind(row.place).bind(row.head.event).bind(row.head.tenant).bind(row.head.key);
    insert.bind(kind.model).bind(kind.group).bind(kind.route);
    insert.bind(record.status).bind(static_cast<int>(record.admission)).bind(row.client_request_id);
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
  });
}

void write_sums_as_the_first_version(SqliteConnection& connection, const std::string& level) {
  const std::string cells = "SELECT begin, tenant, key, model, grp, sums FROM filled.usage_" + level + "_by_all";
  const std::string into =
      "INSERT INTO main.usage_" + level + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  Statement read(connection, cells);
  Statement insert(connection, into);
  while (read.step()) {
    Row row(read);
    for (int name = 0; name < 5; ++name)
      insert.bind(row.integer());
    RolledUp sum;
    ASSERT_TRUE(add_packed(sum, row.blob(), Durations::added));
    for (const SumColumn& column : sum_columns)
      insert.bind(column.of(sum.sums));
    const auto durations = sum.durations.encoded();
    insert.bind(std::span<const std::uint8_t>(durations)).run();
    insert.again();
  }
}

// As the first version kept them: one table for each level, the order of time first.
void write_as_the_first_version(const std::string& path, const std::string& filled) {
  SqliteConnection connection({path});
  migrate(connection, usage_migrations().first(1));
  connection.execute(attach(filled).c_str());
  Transaction all(connection, Transaction::Kind::write);
  for (const std::string table : {"words", "tenants", "keys", "spending_quarters", "spending_days", "delivered_ranges"})
    connection.execute(("INSERT INTO main." + table + " SELECT * FROM filled." + table).c_str());
  write_rows_as_the_first_version(connection, filled);
  for (const std::string level : {"minutes", "hours", "days"})
    write_sums_as_the_first_version(connection, level);
  all.commit();
}

// Earlier versions added each row to hours and days at once.
void close_all_of(const std::string& path) {
  SqliteConnection connection({path});
  define_sum_functions(connection);
  Transaction all(connection, Transaction::Kind::write);
  while (close_some(connection, {usage_ms_max})) {
  }
  all.commit();
}

// All pages of a question, as text that two ledgers can be compared by.
std::vector<std::string> told(SqliteUsageLedger& ledger, ports::UsageRowFilter filter) {
  std::vector<std::string> rows;
  filter.scope.span = {{0}, {usage_ms_max}};
  for (std::string cursor;;) {
    const auto page = ledger.rows({.filter = filter, .limit = 100, .cursor = cursor}).run_now();
    EXPECT_TRUE(page) << page.error().message;
    if (!page) return rows;
    for (const UsageRecord& row : page->rows) {
      std::string text = row.event_id.uuid() + " " + row.client_request_id + " " + std::to_string(row.ts.unix_ms) +
                         " " + to_hex32(row.tenant_id.bits) + " " + row.tenant + " " + to_hex32(row.key_id.bits) + " " +
                         row.group + " " + row.model + " " + row.route + " " + std::to_string(row.status) + " " +
                         to_text(row.admission) + " " + row.endpoint;
      text.append(" ").append(row.error_code.view()).append(" ").append(row.mcp_server.view());
      pack_rest(row, {}, text);
      rows.push_back(std::move(text));
    }
    cursor = page->next_cursor;
    if (cursor.empty()) return rows;
  }
}

class OlderLedger : public testing::TestWithParam<std::size_t> {
 protected:
  OlderLedger() {
    filled = std::move(*SqliteUsageLedger::open({.path = filled_path}));
    RandomRows random(17);
    for (std::uint64_t batch = 0; batch < 4; ++batch) {
      const std::vector<UsageRecord> rows = random.some(500, noon_ms, 50 * hour_ms);
      last = rows.back();
      const ports::UsageBatch delivery{{.segment = {1, 1}, .begin = batch, .end = batch + 1}, rows};
      EXPECT_TRUE(filled->deliver(delivery).run_now());
    }
    close_all_of(filled_path);
    write_as_the_first_version(old_path, filled_path);
    SqliteConnection connection({old_path});
    define_sum_functions(connection);
    define_usage_functions(connection);
    migrate(connection, usage_migrations().first(GetParam()));
  }

  TemporaryFolder folder;
  std::string old_path = folder.file("old.db");
  std::string filled_path = folder.file("filled.db");
  std::unique_ptr<SqliteUsageLedger> filled;
  UsageRecord last;
};

TEST_P(OlderLedger, SumsAreCarriedOver) {
  ASSERT_TRUE(SqliteUsageLedger::open({.path = old_path}));
  SqliteConnection connection({old_path});
  connection.execute(attach(filled_path).c_str());
  for (const std::string table :
       {"usage_minutes_by_model", "usage_minutes_by_all", "usage_hours_by_model", "usage_hours_by_key",
        "usage_hours_by_all", "usage_days_by_model", "usage_days_by_key", "usage_days_by_all"}) {
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

TEST_P(OlderLedger, SumsOfItsLastHourGoOn) {
  const auto old = std::move(*SqliteUsageLedger::open({.path = old_path}));
  UsageRecord late = last;
  late.event_id.bits.high ^= 1;
  UsageRecord young = late;
  young.event_id.bits.high ^= 2;
  young.ts.unix_ms += 60 * hour_ms;
  for (SqliteUsageLedger* ledger : {filled.get(), old.get()}) {
    const ports::UsageBatch delivery{{.segment = {2, 2}, .begin = 0, .end = 1}, {late, young}};
    ASSERT_TRUE(ledger->deliver(delivery).run_now());
  }
  close_all_of(old_path);
  for (const std::int64_t end_ms : {last.ts.unix_ms, last.ts.unix_ms + 1, young.ts.unix_ms + 1, usage_ms_max}) {
    const WallSpan span{{0}, {end_ms}};
    EXPECT_EQ(old->summary({.span = span}).run_now()->requests, filled->summary({.span = span}).run_now()->requests);
    EXPECT_EQ(old->spent(last.tenant_id, span).run_now()->tokens,
              filled->spent(last.tenant_id, span).run_now()->tokens);
  }
  EXPECT_EQ(old->summary({.span = {{0}, {usage_ms_max}}}).run_now()->requests, 2002);
}

TEST_P(OlderLedger, RowsAreCarriedOverAndFoundByEveryFilter) {
  const auto old = std::move(*SqliteUsageLedger::open({.path = old_path}));
  const ports::UsageRowFilter of_tenant{.scope = {.span = {}, .tenant = nth_tenant(2)}};
  const ports::UsageRowFilter of_key{.scope = {.span = {}, .key = nth_key(11)}, .status = 502};
  const ports::UsageRowFilter of_model{.scope = {.span = {}, .model = "model-2"}, .route = "/v1/embeddings"};
  const ports::UsageRowFilter of_event{.scope = {}, .event_id = last.event_id};
  const ports::UsageRowFilter of_client{.scope = {}, .client_request_id = last.client_request_id};
  for (const ports::UsageRowFilter& filter :
       {ports::UsageRowFilter{}, of_tenant, of_key, of_model, of_event, of_client}) {
    const std::vector<std::string> rows = told(*filled, filter);
    EXPECT_FALSE(rows.empty());
    EXPECT_EQ(told(*old, filter), rows);
  }
}

TEST_P(OlderLedger, RowsThatComeAgainAreStillKnownAndNewOnesAreTaken) {
  const auto old = std::move(*SqliteUsageLedger::open({.path = old_path}));
  UsageRecord another = last;
  another.event_id.bits.high ^= 1;  // wants the same place
  for (SqliteUsageLedger* ledger : {filled.get(), old.get()}) {
    const ports::UsageBatch delivery{{.segment = {2, 2}, .begin = 0, .end = 1}, {last, another}};
    ASSERT_TRUE(ledger->deliver(delivery).run_now());
  }
  EXPECT_EQ(told(*old, {}).size(), 2001U);
  EXPECT_EQ(told(*old, {}), told(*filled, {}));
  EXPECT_EQ(told(*old, {.scope = {}, .event_id = another.event_id}).size(), 1U);
}

// Retention may have left nothing else.
TEST_P(OlderLedger, SpendingByDaysAloneIsStillTold) {
  const WallSpan all{{0}, {usage_ms_max}};
  const auto before = filled->spent(last.tenant_id, all).run_now();
  {
    SqliteConnection connection({old_path});
    std::vector<std::string> sums;
    Statement list(connection, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'usage_[mhd]*'");
    while (list.step())
      sums.push_back(Row(list).text());
    std::erase(sums, "usage_marks");
    ASSERT_GE(sums.size(), 3U);
    for (const std::string& table : sums)
      connection.execute(("DELETE FROM " + table).c_str());
    connection.execute("DELETE FROM usage; DELETE FROM spending_quarters");
  }
  const auto old = std::move(*SqliteUsageLedger::open({.path = old_path}));
  EXPECT_EQ(old->spent(last.tenant_id, all).run_now()->tokens, before->tokens);
  EXPECT_GT(before->tokens, 0);
}

INSTANTIATE_TEST_SUITE_P(EveryEarlierVersion, OlderLedger, testing::Values(1, 2, 3, 4, 5, 6),
                         [](const auto& version) { return "Schema" + std::to_string(version.param); });

}  // namespace
}  // namespace obleth::adapters
