#include "adapters/clickhouse/usage_retention.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "adapters/clickhouse/clickhouse_link.hpp"

namespace obleth::adapters {
namespace {

using std::chrono::days;
using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::year_month;
using std::chrono::year_month_day;

constexpr std::int64_t day_ms = 86'400'000;
constexpr int months_shift = 100;  // 202511

std::string text_of(year_month month) {
  return std::to_string(static_cast<int>(month.year()) * months_shift +
                        static_cast<int>(static_cast<unsigned>(month.month())));
}

year_month month_of(const std::string& text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return year_month{std::chrono::year(number / months_shift),
                    std::chrono::month(static_cast<unsigned>(number % months_shift))};
}

std::int64_t first_second_of(year_month month) {
  return std::chrono::duration_cast<std::chrono::seconds>(sys_days(month / 1).time_since_epoch()).count();
}

}  // namespace

std::string oldest_month_question(const std::string& database, WallTime now, std::int64_t retention_days) {
  const std::int64_t oldest_day = std::max<std::int64_t>(0, now.unix_ms / day_ms - retention_days);
  const year_month_day oldest{sys_days(days(oldest_day))};
  return "SELECT DISTINCT partition FROM system.parts WHERE active AND database = " + quoted(database) +
         " AND table = 'usage' AND partition < " + quoted(text_of(oldest.year() / oldest.month())) +
         " ORDER BY partition LIMIT 1 FORMAT RowBinary";
}

// A month that comes back after it was dropped, with rows that came very late, is dropped without being counted again.
std::vector<std::string> steps_to_drop(const std::string& database, const std::string& month, WallTime now) {
  const year_month dropped = month_of(month);
  const std::string from = std::to_string(first_second_of(dropped));
  const std::string kept_since = std::to_string(first_second_of(dropped + months(1)));
  const std::string marks = database + ".marks";
  const std::string not_yet = "(SELECT max(value) FROM " + marks + " WHERE name = 'kept_since') < " + kept_since;
  return {"INSERT INTO " + database +
              ".spending_days (day_s, tenant_id, key_id, tokens, cost, ver)"
              " SELECT toUInt32(toUInt32(ts) - toUInt32(ts) % 86400) AS day_s, tenant_id, key_id,"
              " sum(input_tokens + output_tokens) AS tokens, sum(cost) AS spent, toUInt64(" +
              std::to_string(now.unix_ms) + ") FROM " + database + ".usage FINAL WHERE toUInt32(ts) >= " + from +
              " AND toUInt32(ts) < " + kept_since + " AND " + not_yet + " GROUP BY day_s, tenant_id, key_id",
          "INSERT INTO " + marks + " (name, value) VALUES ('kept_since', " + kept_since + ")",
          "ALTER TABLE " + database + ".usage_hours DROP PARTITION " + month,
          "ALTER TABLE " + database + ".usage DROP PARTITION " + month};
}

}  // namespace obleth::adapters
