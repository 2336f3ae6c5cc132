// The questions that grow with the record are answered from an index: a scan would make every write as slow as the
// record is long.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "adapters/sql/audit_plans_test.hpp"
#include "adapters/sqlite/migrations.hpp"
#include "adapters/sqlite/period_closing.hpp"
#include "adapters/sqlite/spending_table.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_listing.hpp"
#include "adapters/sqlite/usage_retention.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "adapters/sqlite/usage_tally.hpp"

namespace obleth::adapters {
namespace {

std::string plan_of(SqliteConnection& connection, const std::string& sql) {
  const std::string explain = "EXPLAIN QUERY PLAN " + sql;
  Statement ask(connection, explain);
  std::string plan;
  while (ask.step()) {
    Row row(ask);
    for (int unused = 0; unused < 3; ++unused)
      static_cast<void>(row.integer());
    plan += row.text() + "; ";
  }
  return plan;
}

TEST(QueryPlan, NoQuestionScansAGrowingTable) {
  SqliteConnection connection({":memory:"});
  migrate(connection, record_migrations());
  for (const char* sql : {
           "SELECT * FROM keys WHERE hash = ?",
           "SELECT * FROM keys WHERE former_hash = ? AND former_expires_at > ?",
           "SELECT 1 FROM keys WHERE tenant_id = ? AND name = ? AND name <> '' AND id <> ?",
           "SELECT * FROM keys WHERE tenant_id = ? AND (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?",
           "SELECT * FROM keys WHERE 1 AND (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?",
           "SELECT 1 FROM keys WHERE tenant_id = ?",  // what deleting a tenant asks
           "SELECT count(*) FROM tenants WHERE group_id = ?",
           "SELECT * FROM tenants WHERE id = ?1 OR name = ?2 LIMIT 1",
           "SELECT 1 FROM tenants WHERE name = ? AND id <> ?",
           "SELECT * FROM tenants WHERE (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?",
           "SELECT 1 FROM model_names WHERE name = ? AND model_id <> ?",
           "SELECT * FROM endpoints WHERE model_id IN (SELECT id FROM models WHERE (created_at, id) >= (?, ?)"
           " AND (created_at, id) <= (?, ?)) ORDER BY model_id, position",
       }) {
    const std::string plan = plan_of(connection, sql);
    EXPECT_NE(plan.find("SEARCH"), std::string::npos) << sql << "\n" << plan;
    EXPECT_EQ(plan.find("SCAN"), std::string::npos) << sql << "\n" << plan;
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << sql << "\n" << plan;
  }
}

TEST(QueryPlan, AuditIsReadAndForgottenByItsIndexes) {
  SqliteConnection connection({":memory:"});
  migrate(connection, record_migrations());
  ExplainedSession explained(connection, "EXPLAIN QUERY PLAN ", 3);
  for (const AuditPlan& asked : audit_plans(explained, WallTime{1'700'000'000'000})) {
    for (const std::string& index : asked.indexes)
      EXPECT_TRUE(asked.plan.contains("SEARCH audit USING INDEX " + index)) << index << "\n" << asked.plan;
    EXPECT_FALSE(asked.plan.contains("SCAN audit")) << asked.plan;
  }
}

TEST(QueryPlan, NoPageOfTheLedgerSortsOrScansItsRows) {
  SqliteConnection connection({":memory:"});
  migrate_usage(connection);
  for (const std::string& sql : listing_statements()) {
    const std::string plan = plan_of(connection, sql);
    EXPECT_TRUE(plan.contains("SEARCH usage")) << sql << "\n" << plan;
    EXPECT_FALSE(plan.contains("SCAN")) << sql << "\n" << plan;
    EXPECT_FALSE(plan.contains("TEMP B-TREE")) << sql << "\n" << plan;
  }
}

TEST(QueryPlan, NoQuestionToTheLedgerScansAGrowingTable) {
  SqliteConnection connection({":memory:"});
  migrate_usage(connection);
  for (const char* sql : {
           "SELECT sum(tokens) FROM spending_quarters WHERE account = ? AND begin >= ? AND begin < ?",
           "SELECT sum(tokens) FROM spending_days WHERE account = ? AND begin >= ? AND begin < ?",
           "SELECT min(begin) FROM usage_minutes_by_model WHERE begin >= ?",
           "SELECT begin, model, grp, sums FROM usage_hours_by_model WHERE begin >= ? AND begin < ?",
           "SELECT id, first, last, marks FROM usage_marks WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1",
           "SELECT end FROM delivered_ranges WHERE segment = ? AND begin <= ? ORDER BY begin DESC LIMIT 1",
           "SELECT id FROM tenants WHERE name = ? ORDER BY number DESC LIMIT 1",
           "SELECT place FROM usage WHERE place < ? ORDER BY place LIMIT ?",
           "SELECT account, begin FROM spending_quarters WHERE begin < ? ORDER BY begin LIMIT ?",
       }) {
    const std::string plan = plan_of(connection, sql);
    EXPECT_TRUE(plan.contains("SEARCH")) << sql << "\n" << plan;
    EXPECT_FALSE(plan.contains("SCAN")) << sql << "\n" << plan;
    EXPECT_FALSE(plan.contains("TEMP B-TREE")) << sql << "\n" << plan;
  }
}

TEST(QueryPlan, NoSumOfTheLedgerScansMoreThanItsTenants) {
  SqliteConnection connection({":memory:"});
  migrate_usage(connection);
  using ports::UsageDimension;
  for (const auto level : {UsageLevel::minutes, UsageLevel::hours, UsageLevel::days}) {
    for (const bool of_tenant : {false, true}) {
      ScopeNumbers scope;
      if (of_tenant) scope.tenant = 1;
      std::vector<std::optional<UsageDimension>> divisions{std::nullopt, UsageDimension::tenant, UsageDimension::key,
                                                           UsageDimension::model, UsageDimension::group};
      for (const auto& by : divisions) {
        const std::string sql = tally_statement({.by = by}, scope, level);
        const std::string plan = plan_of(connection, sql);
        EXPECT_TRUE(plan.contains("SEARCH")) << sql << "\n" << plan;
        EXPECT_FALSE(plan.contains("SCAN usage")) << sql << "\n" << plan;
        EXPECT_FALSE(plan.contains("TEMP B-TREE")) << sql << "\n" << plan;
      }
    }
  }
}

TEST(QueryPlan, WhatAnAccountSpentInOpenHoursIsSearchedFor) {
  SqliteConnection connection({":memory:"});
  migrate_usage(connection);
  for (const std::string_view sql : spending_statements()) {
    const std::string plan = plan_of(connection, std::string(sql));
    EXPECT_FALSE(plan.contains("SCAN usage")) << sql << "\n" << plan;
    EXPECT_EQ(plan.contains("(tenant=? AND begin=? AND key=?)"), sql.contains("?4")) << sql << "\n" << plan;
  }
}

TEST(QueryPlan, SumsThatCloseAreFoundByTheirTenants) {
  SqliteConnection connection({":memory:"});
  migrate_usage(connection);
  for (const auto finer : {ports::UsageBucket::minute, ports::UsageBucket::hour}) {
    const std::string sql = closing_statement(finer);
    const std::string plan = plan_of(connection, sql);
    EXPECT_TRUE(plan.contains("SEARCH t ")) << sql << "\n" << plan;
    EXPECT_TRUE(plan.contains("SEARCH usage")) << sql << "\n" << plan;
    EXPECT_FALSE(plan.contains("TEMP B-TREE")) << sql << "\n" << plan;
  }
}

TEST(QueryPlan, OldSumsAreFoundWithoutReadingTheYoung) {
  SqliteConnection connection({":memory:"});
  migrate_usage(connection);
  for (const RollUpBy by : {RollUpBy::model, RollUpBy::key, RollUpBy::all}) {
    const std::string sql = forgetting(by, ports::UsageBucket::hour);
    const std::string plan = plan_of(connection, sql);
    EXPECT_FALSE(plan.contains("SCAN usage")) << sql << "\n" << plan;
    EXPECT_FALSE(plan.contains("TEMP B-TREE")) << sql << "\n" << plan;
  }
}

}  // namespace
}  // namespace obleth::adapters
