// Adds up the ledger over a span, divided as a question divides it: each piece of the span is read from the smallest
// table that knows the names asked for. Thread: the connection's; inside a read transaction.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/usage_kinds.hpp"
#include "adapters/sqlite/usage_names.hpp"
#include "adapters/sqlite/usage_pieces.hpp"
#include "adapters/sqlite/usage_rollup.hpp"
#include "ports/usage_ledger.hpp"

namespace obleth::adapters {

// Neither by nor bucket: one sum.
struct TallyQuestion {
  std::optional<ports::UsageDimension> by = std::nullopt;
  std::optional<ports::UsageBucket> bucket = std::nullopt;
  bool with_durations = true;
};

struct TallyPlace {
  std::int64_t group = 0;
  std::int64_t begin_ms = 0;
  auto operator<=>(const TallyPlace&) const = default;
};
using UsageTallies = std::map<TallyPlace, RolledUp>;

class UsageTally {
 public:
  UsageTally(SqliteConnection& connection, TallyQuestion question);

  [[nodiscard]] UsageTallies of(const ScopeNumbers& scope);
  // Only these groups of the question's dimension.
  [[nodiscard]] UsageTallies of(const ScopeNumbers& scope, std::span<const std::int64_t> groups);

 private:
  void add(const ScopeNumbers& scope);
  void add_rows(const ScopeNumbers& scope, const UsagePiece& piece);
  void add_sums(const ScopeNumbers& scope, const UsagePiece& piece);
  [[nodiscard]] RolledUp& tally_of(std::int64_t group, std::int64_t ms);

  SqliteConnection& connection_;
  TallyQuestion question_;
  UsageCut cut_;
  KindBook kinds_;
  UsageTallies tallies_;
};

// What a piece of this level, which is not that of rows, is asked with, for the tests of its plan. Values: begin, end,
// the tenant where one is asked for, then key, model and group as far as the table tells them apart; null: any.
[[nodiscard]] std::string tally_statement(const TallyQuestion& question, const ScopeNumbers& scope, UsageLevel level);

}  // namespace obleth::adapters
