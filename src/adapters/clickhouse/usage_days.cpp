#include "adapters/clickhouse/usage_days.hpp"

#include "adapters/clickhouse/row_binary.hpp"
#include "adapters/clickhouse/usage_sums.hpp"

namespace obleth::adapters {
namespace {

constexpr std::int64_t second_ms = 1000;
constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t closed_after_s = 600;  // most rows of a day's last requests have come by then

std::string number(std::int64_t value) {
  return std::to_string(value);
}

// Of a day in day_marks, which are grouped by day.
constexpr std::string_view changed_at = "maxIf(at, kind = 0)";
constexpr std::string_view rolled_up_at = "maxIf(at, kind = 1)";

}  // namespace

UsageDay day_of(WallTime at) {
  return at.unix_ms / second_ms / day_s * day_s;
}

std::string mark_changed(const std::string& database, const std::set<UsageDay>& days) {
  std::string list;
  for (const UsageDay day : days)
    list += (list.empty() ? "" : ", ") + number(day);
  return "INSERT INTO " + database + ".day_marks (day_s, kind, at) SELECT toUInt32(arrayJoin([" + list +
         "])), toUInt8(0), toUInt64(now())";
}

std::string day_to_roll_up_question(const std::string& database) {
  return "SELECT toInt64(day_s), toInt64(toUInt32(now())) FROM (SELECT day_s FROM " + database +
         ".day_marks WHERE day_s + " + number(day_s + closed_after_s) + " <= toUInt32(now()) GROUP BY day_s HAVING " +
         std::string(rolled_up_at) + " <= " + std::string(changed_at) + " ORDER BY day_s LIMIT 1) FORMAT RowBinary";
}

std::vector<DayToRollUp> read_days_to_roll_up(std::string_view answer) {
  RowBinaryReader reader(answer);
  std::vector<DayToRollUp> found;
  while (!reader.at_end()) {
    const UsageDay day = reader.integer<std::int64_t>();
    found.push_back({.day = day, .asked_at_s = reader.integer<std::int64_t>()});
  }
  return found;
}

std::vector<std::string> steps_to_roll_up(const std::string& database, const DayToRollUp& what) {
  const std::string groups = "hour, tenant_id, key_id, grp, model";
  std::string names;
  std::string taken;
  std::string summed;
  for (const UsageSum& sum : usage_sums) {
    const std::string value = "total_" + std::string(sum.name);
    names.append(", ").append(sum.name);
    taken.append(", ").append(value);
    summed.append(", toInt64(sum(").append(sum.of_row).append(")) AS ").append(value);
  }
  summed.append(", sumMap(").append(row_buckets).append(", ").append(row_counts).append(") AS durations");
  const std::string asked_at = number(what.asked_at_s);
  // sumMap answers a tuple: the buckets, then how many are in each.
  return {"INSERT INTO " + database + ".usage_hours (" + groups + names + ", buckets, counts, ver) SELECT " + groups +
              taken + ", durations.1, durations.2, toUInt64(" + asked_at + ") FROM (SELECT " + groups + summed +
              " FROM " + database + ".usage FINAL WHERE toUInt32(hour) >= " + number(what.day) +
              " AND toUInt32(hour) < " + number(what.day + day_s) + " GROUP BY " + groups + ")",
          "INSERT INTO " + database + ".day_marks (day_s, kind, at) VALUES (" + number(what.day) + ", 1, " + asked_at +
              ")"};
}

std::string rolled_up_question(const std::string& database, WallSpan span) {
  return "SELECT toInt64(day_s) FROM " + database +
         ".day_marks WHERE toInt64(day_s) * 1000 >= " + number(span.begin.unix_ms) + " AND (toInt64(day_s) + " +
         number(day_s) + ") * 1000 <= " + number(span.end.unix_ms) + " GROUP BY day_s HAVING " +
         std::string(rolled_up_at) + " > " + std::string(changed_at) + " ORDER BY day_s FORMAT RowBinary";
}

std::vector<WallSpan> read_rolled_up(std::string_view answer) {
  RowBinaryReader reader(answer);
  std::vector<WallSpan> spans;
  while (!reader.at_end()) {
    const WallTime begin{reader.integer<std::int64_t>() * second_ms};
    const WallTime end{begin.unix_ms + day_s * second_ms};
    if (!spans.empty() && spans.back().end == begin) {
      spans.back().end = end;
    } else {
      spans.push_back({begin, end});
    }
  }
  return spans;
}

}  // namespace obleth::adapters
