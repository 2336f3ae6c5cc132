// Goes through rows of the ledger in the order of time: everybody's, or a tenant's alone.
//
// Thread: the connection's; one walk at a time, since both read by the same statements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_kinds.hpp"
#include "adapters/sqlite/usage_marks.hpp"
#include "adapters/sqlite/usage_runs.hpp"

namespace obleth::adapters {

struct WalkScope {
  Places places;
  std::optional<std::int64_t> tenant = std::nullopt;  // absent: any
  std::optional<std::int64_t> key = std::nullopt;
  const KindChoice* kinds = nullptr;  // null: any; outlives the walk
  bool oldest_first = true;
  bool is_short = false;  // everybody's rows there are few: a tenant's are not looked up
};

class UsageWalk {
 public:
  UsageWalk(SqliteConnection& connection, const WalkScope& scope);
  // Null: there is none left. It stands until the next call.
  [[nodiscard]] const WalkedRow* next();

  // For the tests of their plans.
  [[nodiscard]] static std::vector<std::string> statements();

 private:
  [[nodiscard]] bool fits(std::int64_t key, std::int64_t kind) const;
  [[nodiscard]] bool next_of_all();
  [[nodiscard]] bool next_of_tenant();
  [[nodiscard]] bool gather_slot();
  void open_slot(std::int64_t slot);
  [[nodiscard]] bool gather_minute();
  void gather_posting(std::int64_t first);

  WalkScope scope_;
  bool by_postings_;
  Statement runs_;
  bool has_run_ = false;                // runs_ stands at one that is not gathered
  UsageSlot slot_;                      // the one at hand
  std::size_t passed_ = 0;              // of its rows
  std::optional<std::int64_t> opened_;  // of a tenant's walk: which one it is
  std::optional<Statement> postings_;
  bool has_posting_ = false;          // postings_ stands at one that is not gathered
  std::vector<std::int64_t> places_;  // of the minute at hand
  std::size_t at_ = 0;
  WalkedRow row_;
};

}  // namespace obleth::adapters
