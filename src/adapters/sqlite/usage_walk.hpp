// Goes through rows of the ledger in the order of time: everybody's, or a tenant's alone.
//
// Thread: the connection's; one walk at a time, since both read by the same statements.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_head.hpp"
#include "adapters/sqlite/usage_kinds.hpp"
#include "adapters/sqlite/usage_marks.hpp"

namespace obleth::adapters {

struct WalkScope {
  Places places;
  std::optional<std::int64_t> tenant = std::nullopt;  // absent: any
  std::optional<std::int64_t> key = std::nullopt;
  const KindChoice* kinds = nullptr;  // null: any; outlives the walk
  bool oldest_first = true;
  bool is_short = false;  // everybody's rows there are few: a tenant's are not looked up
};

struct WalkedRow {
  std::int64_t place = 0;
  UsageHead head;
  std::string_view client_request_id;
  std::span<const std::uint8_t> rest;  // usage_rest.hpp
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
  [[nodiscard]] bool gather_minute();
  void gather_posting(std::int64_t first);
  void read_row();

  WalkScope scope_;
  bool by_postings_;
  Statement rows_;
  std::optional<Statement> postings_;
  bool has_posting_ = false;          // postings_ stands at one that is not gathered
  std::vector<std::int64_t> places_;  // of the minute at hand
  std::size_t at_ = 0;
  WalkedRow row_;
};

}  // namespace obleth::adapters
