// What tenants and keys have spent, in quarters of an hour and in days (UTC), summed as rows are delivered.
//
// Exact for any span whose rows are kept; beyond them, whole days. Thread: the connection's.
#pragma once

#include <compare>
#include <cstdint>
#include <map>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/usage_dictionary.hpp"
#include "domain/usage_record.hpp"
#include "ports/spending_book.hpp"

namespace obleth::adapters {

// What the rows of one delivery add.
class SpendingSums {
 public:
  void add(const UsageRecord& record, const UsageNumbers& numbers);
  void write(SqliteConnection& connection) const;

 private:
  struct Key {
    std::int64_t account = 0;
    std::int64_t begin_ms = 0;
    auto operator<=>(const Key&) const = default;
  };
  using Sums = std::map<Key, ports::Spending>;
  static void add_to(Sums& sums, Key key, const ports::Spending& spending);
  void add_to_quarter(Sums::value_type*& last, Key key, const ports::Spending& spending);

  Sums quarters_;
  // Of quarters_: where the row before was added.
  Sums::value_type* last_of_tenant_ = nullptr;
  Sums::value_type* last_of_key_ = nullptr;
};

// Inside a read transaction, so that all of it is of one moment.
[[nodiscard]] ports::Spending spent_in(SqliteConnection& connection, const ports::SpendingAccount& account,
                                       WallSpan span);

}  // namespace obleth::adapters
