#include "adapters/sqlite/usage_sums.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_names.hpp"
#include "adapters/sqlite/usage_pieces.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "adapters/sqlite/usage_sum_columns.hpp"

namespace obleth::adapters {
namespace {

using ports::UsageBucket;
using ports::UsageDimension;
using ports::UsageScope;

// How the sums are divided; neither: one sum.
struct Division {
  std::optional<UsageDimension> by;
  std::optional<UsageBucket> bucket;
};

struct CellKey {
  std::int64_t group = 0;
  std::int64_t begin_ms = 0;
  auto operator<=>(const CellKey&) const = default;
};
using Cells = std::map<CellKey, RolledUp>;

std::string group_column(const Division& division) {
  if (!division.by) return "0";
  switch (*division.by) {
    case UsageDimension::tenant:
      return "tenant";
    case UsageDimension::key:
      return "key";
    case UsageDimension::model:
      return "model";
    case UsageDimension::group:
      return "grp";
  }
  return "0";
}

std::string bucket_column(const Division& division, const std::string& ms) {
  if (!division.bucket) return "0";
  const std::string length = std::to_string(length_ms(*division.bucket));
  return ms + " / " + length + " * " + length;
}

std::string table_of(UsageLevel level) {
  switch (level) {
    case UsageLevel::minutes:
      return roll_up_table(UsageBucket::minute);
    case UsageLevel::hours:
      return roll_up_table(UsageBucket::hour);
    default:
      return roll_up_table(UsageBucket::day);
  }
}

std::string question(UsageLevel level, const Division& division) {
  const bool of_rows = level == UsageLevel::rows;
  const std::string ms = of_rows ? "(place / " + std::to_string(places_per_ms) + ")" : "begin";
  std::string sql = "SELECT " + group_column(division) + ", " + bucket_column(division, ms);
  for (const SumColumn& column : sum_columns)
    sql += ", sum(" + std::string(of_rows ? column.of_row : column.name) + ")";
  sql += ", sum_durations(" + std::string(of_rows ? durations_of_row : "durations") + ") FROM ";
  sql += of_rows ? "usage WHERE place >= ?1 AND place < ?2" : table_of(level) + " WHERE begin >= ?1 AND begin < ?2";
  sql +=
      " AND (?3 IS NULL OR tenant = ?3) AND (?4 IS NULL OR key = ?4) AND (?5 IS NULL OR model = ?5)"
      " AND (?6 IS NULL OR grp = ?6)";
  if (division.by || division.bucket) sql += " GROUP BY 1, 2";
  return sql;
}

class Summing {
 public:
  Summing(SqliteConnection& connection, const ScopeNumbers& scope, Division division)
      : connection_(connection), scope_(scope), division_(division) {}

  // Only these groups.
  void keep_only(std::set<std::int64_t> groups) { wanted_ = std::move(groups); }

  [[nodiscard]] Cells cells() {
    const UsageCut cut{.coarsest = coarsest(), .minutes_since_ms = meta_value(connection_, "minutes_since")};
    for (const UsagePiece& piece : pieces_of({{scope_.begin_ms}, {scope_.end_ms}}, cut))
      add(piece);
    return std::move(cells_);
  }

 private:
  [[nodiscard]] UsageLevel coarsest() const {
    if (division_.bucket == UsageBucket::minute) return UsageLevel::minutes;
    return division_.bucket == UsageBucket::hour ? UsageLevel::hours : UsageLevel::days;
  }

  void add(const UsagePiece& piece) {
    const std::int64_t unit = piece.level == UsageLevel::rows ? places_per_ms : 1;
    Statement ask(connection_, question(piece.level, division_));
    ask.bind(piece.begin_ms * unit).bind(piece.end_ms * unit);
    ask.bind(scope_.tenant).bind(scope_.key).bind(scope_.model).bind(scope_.group);
    while (ask.step()) {
      Row row(ask);
      const CellKey key{.group = row.integer(), .begin_ms = row.integer()};
      if (wanted_ && !wanted_->contains(key.group)) continue;
      RolledUp& cell = cells_[key];
      for (const SumColumn& column : sum_columns) {
        std::int64_t& sum = column.of(cell.sums);
        sum = saturating_add(sum, row.integer());
      }
      if (!cell.durations.add_encoded(row.blob()))
        throw StoreFailure(store_fault(FaultKind::broken, "the database holds durations that are damaged"));
    }
  }

  SqliteConnection& connection_;
  const ScopeNumbers& scope_;
  Division division_;
  std::optional<std::set<std::int64_t>> wanted_;
  Cells cells_;
};

ports::DurationQuantiles quantiles_of(const DurationSketch& sketch, DurationKind kind) {
  return {.p50_ms = sketch.quantile_ms(kind, 500),
          .p95_ms = sketch.quantile_ms(kind, 950),
          .p99_ms = sketch.quantile_ms(kind, 990)};
}

ports::UsageSums sums_of(const RolledUp& rolled_up) {
  ports::UsageSums sums = rolled_up.sums;
  sums.total = quantiles_of(rolled_up.durations, DurationKind::total);
  sums.ttft = quantiles_of(rolled_up.durations, DurationKind::ttft);
  sums.queue = quantiles_of(rolled_up.durations, DurationKind::queue);
  return sums;
}

// The numbers of the largest groups, with their sums.
std::vector<std::pair<std::int64_t, RolledUp>> largest(Cells cells, std::size_t groups_max) {
  std::vector<std::pair<std::int64_t, RolledUp>> groups;
  for (auto& [key, cell] : cells)
    groups.emplace_back(key.group, std::move(cell));
  std::ranges::sort(groups, [](const auto& a, const auto& b) {
    const auto size = [](const auto& group) {
      const ports::UsageSums& sums = group.second.sums;
      return std::tuple(-sums.cost.value, -sums.requests, group.first);
    };
    return size(a) < size(b);
  });
  if (groups.size() > groups_max) groups.resize(groups_max);
  return groups;
}

void refuse_long_series(const SeriesQuestion& question) {
  const std::int64_t length = length_ms(question.bucket);
  const WallSpan& span = question.scope.span;
  if (span.end.unix_ms / length - span.begin.unix_ms / length < ports::usage_buckets_max) return;
  refuse(FaultKind::invalid, "makes more than " + std::to_string(ports::usage_buckets_max) + " points of this span",
         "bucket");
}

}  // namespace

ports::UsageSums summarise(SqliteConnection& connection, const UsageScope& scope) {
  const Transaction one_moment(connection, Transaction::Kind::read);
  const auto numbers = numbers_of(connection, scope);
  if (!numbers) return {};
  Cells cells = Summing(connection, *numbers, {}).cells();
  return sums_of(cells[CellKey{}]);
}

std::vector<ports::UsageShare> divide(SqliteConnection& connection, const UsageScope& scope, UsageDimension by,
                                      std::size_t groups_max) {
  const Transaction one_moment(connection, Transaction::Kind::read);
  const auto numbers = numbers_of(connection, scope);
  if (!numbers) return {};
  std::vector<ports::UsageShare> shares;
  for (const auto& [number, rolled_up] : largest(Summing(connection, *numbers, {.by = by}).cells(), groups_max))
    shares.push_back({group_of(connection, by, number), sums_of(rolled_up)});
  return shares;
}

std::vector<ports::UsageLine> draw_series(SqliteConnection& connection, const SeriesQuestion& question) {
  refuse_long_series(question);
  const Transaction one_moment(connection, Transaction::Kind::read);
  const auto numbers = numbers_of(connection, question.scope);
  if (!numbers) return {};
  Summing summing(connection, *numbers, {question.by, question.bucket});
  std::vector<std::int64_t> order{0};
  if (question.by) {
    order.clear();
    for (const auto& [number, unused] :
         largest(Summing(connection, *numbers, {.by = question.by}).cells(), question.groups_max))
      order.push_back(number);
    summing.keep_only({order.begin(), order.end()});
  }
  const Cells cells = summing.cells();
  std::vector<ports::UsageLine> lines;
  for (const std::int64_t number : order) {
    ports::UsageLine line;
    if (question.by) line.group = group_of(connection, *question.by, number);
    for (auto cell = cells.lower_bound({number, 0}); cell != cells.end() && cell->first.group == number; ++cell)
      line.points.push_back({{cell->first.begin_ms}, sums_of(cell->second)});
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace obleth::adapters
