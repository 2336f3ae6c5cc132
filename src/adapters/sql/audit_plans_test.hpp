// For tests: how a database answers what the audit log asks, told by its own EXPLAIN.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/sql/audit_table.hpp"
#include "adapters/sql/session.hpp"

namespace obleth::adapters {

// Asks a database for the plan of each text instead of the text's rows; there are none then.
class ExplainedSession final : public SqlSession {
 public:
  // explain: before each text. column: of its answer, where the plan stands.
  ExplainedSession(SqlSession& session, std::string_view explain, int column)
      : session_(session), explain_(explain), column_(column) {}

  [[nodiscard]] std::unique_ptr<SqlRows> ask(std::string_view sql, std::span<const SqlValue> values) override {
    const auto rows = session_.ask(explain_ + std::string(sql), values);
    plan_.clear();
    while (rows->next())
      plan_.append(rows->text(column_)).append("\n");
    return std::make_unique<NoRows>();
  }
  [[nodiscard]] std::int64_t rows_changed() const override { return 0; }
  [[nodiscard]] const std::string& plan() const { return plan_; }  // of the last text

 private:
  class NoRows final : public SqlRows {
   public:
    [[nodiscard]] bool next() override { return false; }
    [[nodiscard]] bool is_null(int) const override { return true; }
    [[nodiscard]] std::int64_t integer(int) const override { return 0; }
    [[nodiscard]] std::string_view text(int) const override { return {}; }
    [[nodiscard]] std::span<const std::uint8_t> bytes(int) const override { return {}; }
  };
  void begin(TransactionKind) override {}
  void commit() override {}
  void roll_back() noexcept override {}

  SqlSession& session_;
  const std::string explain_;
  const int column_;
  std::string plan_;
};

struct AuditPlan {
  std::string plan;
  std::vector<std::string> indexes;  // that lead to the rows
};

// Of a page by each filter, and of forgetting old calls. Of rows of a day before now there are few; of "rare", too.
[[nodiscard]] inline std::vector<AuditPlan> audit_plans(ExplainedSession& session, WallTime now) {
  constexpr std::int64_t day_ms = 86'400'000;
  std::vector<ports::AuditFilter> filters(6);
  filters[1].since = WallTime{now.unix_ms - day_ms};
  filters[2].until = WallTime{now.unix_ms - day_ms};
  filters[3].actor = "rare";
  filters[4].action = "rare";
  filters[5].target = "rare";
  const AuditTable audit(session);
  std::vector<AuditPlan> plans;
  for (const ports::AuditFilter& filter : filters) {
    static_cast<void>(audit.page(filter));
    plans.push_back({session.plan(), {"audit_by_time"}});
  }
  plans[3].indexes = {"audit_by_actor"};
  plans[4].indexes = {"audit_by_action"};
  plans[5].indexes = {"audit_by_target ", "audit_by_target_name "};
  audit.forget_calls(now);
  plans.push_back({session.plan(), {"audit_calls"}});
  return plans;
}

}  // namespace obleth::adapters
