#include "adapters/sqlite/spending_table.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_names.hpp"
#include "adapters/sqlite/usage_rows.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "adapters/sqlite/usage_walk.hpp"

namespace obleth::adapters {
namespace {

using ports::Spending;

// Tenants and keys in one table: their numbers, doubled, keys odd.
std::int64_t account_of_tenant(std::int64_t number) {
  return number * 2;
}
std::int64_t account_of_key(std::int64_t number) {
  return number * 2 + 1;
}

std::int64_t floor_to(std::int64_t ms, std::int64_t unit_ms) {
  return ms / unit_ms * unit_ms;
}
std::int64_t ceil_to(std::int64_t ms, std::int64_t unit_ms) {
  return floor_to(ms + unit_ms - 1, unit_ms);
}

struct Account {
  std::int64_t number = 0;
  std::int64_t tenant = 0;  // its own number, or whose key it is
  std::int64_t account = 0;
  bool is_key = false;
};

std::optional<Account> find_account(SqliteConnection& connection, const ports::SpendingAccount& account) {
  const auto* key = std::get_if<KeyId>(&account);
  Statement find(connection,
                 key == nullptr ? "SELECT number FROM tenants WHERE id = ?" : "SELECT number FROM keys WHERE id = ?");
  find.bind(key == nullptr ? std::get<TenantId>(account).bits : key->bits);
  if (!find.step()) return std::nullopt;
  const std::int64_t number = Row(find).integer();
  if (key == nullptr) return Account{number, number, account_of_tenant(number), false};
  return Account{number, tenant_of_key(connection, number), account_of_key(number), true};
}

Spending spending_of(const UsageRecord& record) {
  return {saturating_add(record.tokens.prompt.value, record.tokens.output.value), record.cost};
}

void increase(Spending& sum, const Spending& more) {
  sum.tokens = saturating_add(sum.tokens, more.tokens);
  sum.cost.value = saturating_add(sum.cost.value, more.cost.value);
}

class SpendingQuestion {
 public:
  SpendingQuestion(SqliteConnection& connection, Account account) : connection_(connection), account_(account) {}

  [[nodiscard]] Spending answer(std::int64_t begin, std::int64_t end) {
    const std::int64_t first_day = ceil_to(begin, day_ms);
    const std::int64_t last_day = floor_to(end, day_ms);
    if (first_day >= last_day) {
      add_quarters(begin, end);
    } else {
      add_quarters(begin, first_day);
      add_table(
          "SELECT coalesce(sum(tokens), 0), coalesce(sum(cost), 0) FROM spending_days"
          " WHERE account = ? AND begin >= ? AND begin < ?",
          first_day, last_day);
      add_quarters(last_day, end);
    }
    return spending_;
  }

 private:
  void add_quarters(std::int64_t begin, std::int64_t end) {
    const std::int64_t first = ceil_to(begin, quarter_ms);
    const std::int64_t last = floor_to(end, quarter_ms);
    if (first >= last) return add_rows(begin, end);
    add_rows(begin, first);
    add_table(
        "SELECT coalesce(sum(tokens), 0), coalesce(sum(cost), 0) FROM spending_quarters"
        " WHERE account = ? AND begin >= ? AND begin < ?",
        first, last);
    add_rows(last, end);
  }

  void add_table(std::string_view sql, std::int64_t begin, std::int64_t end) {
    Statement sum(connection_, sql);
    sum.bind(account_.account).bind(begin).bind(end);
    if (!sum.step()) return;
    Row row(sum);
    const std::int64_t tokens = row.integer();
    increase(spending_, {tokens, NanoUsd{row.integer()}});
  }

  void add_rows(std::int64_t begin, std::int64_t end) {
    if (begin >= end) return;
    // The account's own rows alone: of everybody's there may be millions in a quarter of an hour.
    UsageWalk walk(connection_, {.places = {first_place_of({begin}), first_place_of({end})},
                                 .tenant = account_.tenant,
                                 .key = account_.is_key ? std::optional(account_.number) : std::nullopt});
    while (const WalkedRow* row = walk.next()) {
      UsageRecord record;
      read_sums_of({}, row->rest, record);
      increase(spending_, spending_of(record));
    }
  }

  SqliteConnection& connection_;
  Account account_;
  Spending spending_;
};

}  // namespace

void SpendingSums::add_to(Sums& sums, Key key, const Spending& spending) {
  increase(sums[key], spending);
}

void SpendingSums::add_to_quarter(Sums::value_type*& last, Key key, const Spending& spending) {
  if (last == nullptr || last->first != key) last = &*quarters_.try_emplace(key).first;
  increase(last->second, spending);
}

void SpendingSums::add(const UsageRecord& record, const UsageNumbers& numbers) {
  const Spending spending = spending_of(record);
  if (spending.tokens == 0 && spending.cost.value == 0) return;
  const std::int64_t begin_ms = floor_to(record.ts.unix_ms, quarter_ms);
  add_to_quarter(last_of_tenant_, {account_of_tenant(numbers.tenant), begin_ms}, spending);
  add_to_quarter(last_of_key_, {account_of_key(numbers.key), begin_ms}, spending);
}

void SpendingSums::write(SqliteConnection& connection) const {
  const auto write_all = [&connection](const Sums& sums, std::string_view upsert) {
    for (const auto& [key, spending] : sums) {
      Statement put(connection, upsert);
      put.bind(key.account).bind(key.begin_ms).bind(spending.tokens).bind(spending.cost.value).run();
    }
  };
  Sums days;
  for (const auto& [key, spending] : quarters_)
    add_to(days, {key.account, floor_to(key.begin_ms, day_ms)}, spending);
  write_all(quarters_,
            "INSERT INTO spending_quarters VALUES (?, ?, ?, ?) ON CONFLICT (account, begin)"
            " DO UPDATE SET tokens = tokens + excluded.tokens, cost = cost + excluded.cost");
  write_all(days,
            "INSERT INTO spending_days VALUES (?, ?, ?, ?) ON CONFLICT (account, begin)"
            " DO UPDATE SET tokens = tokens + excluded.tokens, cost = cost + excluded.cost");
}

Spending spent_in(SqliteConnection& connection, const ports::SpendingAccount& account, WallSpan span) {
  const Transaction one_moment(connection, Transaction::Kind::read);
  const auto found = find_account(connection, account);
  if (!found) return {};
  std::int64_t begin = std::clamp<std::int64_t>(span.begin.unix_ms, 0, usage_ms_max);
  std::int64_t end = std::clamp<std::int64_t>(span.end.unix_ms, 0, usage_ms_max + 1);
  // Of what is older than the rows only days are known; a day that is cut counts as a whole, never too little.
  const std::int64_t kept_since = meta_value(connection, "kept_since");
  if (begin < kept_since) begin = floor_to(begin, day_ms);
  if (end < kept_since) end = ceil_to(end, day_ms);
  return SpendingQuestion(connection, *found).answer(begin, end);
}

}  // namespace obleth::adapters
