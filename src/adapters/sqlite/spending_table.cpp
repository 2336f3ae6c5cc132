#include "adapters/sqlite/spending_table.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sqlite/closed_periods.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_names.hpp"
#include "adapters/sqlite/usage_rows.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "adapters/sqlite/usage_walk.hpp"

namespace obleth::adapters {
namespace {

using ports::Spending;

constexpr std::int64_t minute_ms = length_ms(ports::UsageBucket::minute);

constexpr std::string_view minutes_of_tenant =
    "SELECT sums FROM usage_minutes_by_all WHERE tenant = ?1 AND begin >= ?2 AND begin < ?3";
// From minute to minute, so that the tenant's other keys, of which there may be thousands, are not read.
constexpr std::string_view minutes_of_key =
    "WITH RECURSIVE minutes (begin) AS ("
    "SELECT min(begin) FROM usage_minutes_by_all WHERE tenant = ?1 AND begin >= ?2 AND begin < ?3 UNION ALL"
    " SELECT (SELECT min(begin) FROM usage_minutes_by_all WHERE tenant = ?1 AND begin > m.begin AND begin < ?3)"
    " FROM minutes AS m WHERE m.begin IS NOT NULL)"
    " SELECT sums FROM minutes AS m CROSS JOIN usage_minutes_by_all AS s"
    " ON s.tenant = ?1 AND s.begin = m.begin AND s.key = ?4";

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

  [[nodiscard]] std::optional<std::int64_t> key() const { return is_key ? std::optional(number) : std::nullopt; }
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

Spending spending_of(const ports::UsageSums& sums) {
  return {saturating_add(sums.input_tokens, sums.output_tokens), sums.cost};
}

void increase(Spending& sum, const Spending& more) {
  sum.tokens = saturating_add(sum.tokens, more.tokens);
  sum.cost.value = saturating_add(sum.cost.value, more.cost.value);
}

class SpendingQuestion {
 public:
  SpendingQuestion(SqliteConnection& connection, Account account)
      : connection_(connection), account_(account), closed_(closed_periods(connection)) {}

  [[nodiscard]] Spending answer(std::int64_t begin, std::int64_t end) {
    const std::int64_t first = ceil_to(begin, day_ms);
    const std::int64_t last = std::min(floor_to(end, day_ms), closed_.days.until_ms);
    if (first >= last) {
      add_quarters(begin, end);
    } else {
      add_quarters(begin, first);
      add_table(
          "SELECT coalesce(sum(tokens), 0), coalesce(sum(cost), 0) FROM spending_days"
          " WHERE account = ? AND begin >= ? AND begin < ?",
          first, last);
      add_quarters(last, end);
    }
    return spending_;
  }

 private:
  void add_quarters(std::int64_t begin, std::int64_t end) {
    const std::int64_t first = ceil_to(begin, quarter_ms);
    const std::int64_t last = std::min(floor_to(end, quarter_ms), closed_.hours.until_ms);
    if (first >= last) return add_open(begin, end);
    add_rows(begin, first);
    add_table(
        "SELECT coalesce(sum(tokens), 0), coalesce(sum(cost), 0) FROM spending_quarters"
        " WHERE account = ? AND begin >= ? AND begin < ?",
        first, last);
    add_open(last, end);
  }

  // Minutes are kept at least as long as their hour is open.
  void add_open(std::int64_t begin, std::int64_t end) {
    const std::int64_t first = std::max(ceil_to(begin, minute_ms), closed_.hours.until_ms);
    const std::int64_t last = floor_to(end, minute_ms);
    if (first >= last) return add_rows(begin, end);
    add_rows(begin, first);
    add_minutes(first, last);
    add_rows(last, end);
  }

  void add_minutes(std::int64_t begin, std::int64_t end) {
    Statement read(connection_, account_.is_key ? minutes_of_key : minutes_of_tenant);
    read.bind(account_.tenant).bind(begin).bind(end);
    if (account_.is_key) read.bind(account_.number);
    RolledUp all;
    while (read.step())
      add_stored(all, Row(read).blob(), Durations::left_out);
    increase(spending_, spending_of(all.sums));
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
    UsageWalk walk(
        connection_,
        {.places = {first_place_of({begin}), first_place_of({end})}, .tenant = account_.tenant, .key = account_.key()});
    while (const WalkedRow* row = walk.next()) {
      UsageRecord record;
      read_sums_of({}, row->rest, record);
      increase(spending_, spending_of(record));
    }
  }

  SqliteConnection& connection_;
  Account account_;
  ClosedPeriods closed_;
  Spending spending_;
};

}  // namespace

void add_spending(SqliteConnection& connection, SpendingUnit unit, const CellSums& sums) {
  std::map<std::pair<std::int64_t, std::int64_t>, Spending> of_accounts;  // account and begin
  for (const auto& [cell, sum] : sums) {
    const Spending spending = spending_of(sum.sums);
    if (spending.tokens == 0 && spending.cost.value == 0) continue;
    const std::int64_t begin_ms = floor_to(cell.begin_ms, unit == SpendingUnit::day ? day_ms : quarter_ms);
    increase(of_accounts[{account_of_tenant(cell.tenant), begin_ms}], spending);
    increase(of_accounts[{account_of_key(cell.key), begin_ms}], spending);
  }
  const std::string table = unit == SpendingUnit::day ? "spending_days" : "spending_quarters";
  const std::string upsert = "INSERT INTO " + table + " VALUES (?, ?, ?, ?) ON CONFLICT (account, begin)" +
                             " DO UPDATE SET tokens = tokens + excluded.tokens, cost = cost + excluded.cost";
  Statement put(connection, upsert);
  for (const auto& [key, spending] : of_accounts) {
    put.bind(key.first).bind(key.second).bind(spending.tokens).bind(spending.cost.value).run();
    put.again();
  }
}

std::vector<std::string_view> spending_statements() {
  return {minutes_of_tenant, minutes_of_key};
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
