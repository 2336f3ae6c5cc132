#include "adapters/sqlite/usage_sums.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/usage_names.hpp"
#include "adapters/sqlite/usage_tally.hpp"

namespace obleth::adapters {
namespace {

using ports::UsageBucket;
using ports::UsageDimension;
using ports::UsageScope;

ports::DurationQuantiles quantiles_of(const DurationSketch& sketch, DurationKind kind) {
  const auto [p50_ms, p95_ms, p99_ms] = sketch.quantiles_ms<3>(kind, {500, 950, 990});
  return {.p50_ms = p50_ms, .p95_ms = p95_ms, .p99_ms = p99_ms};
}

ports::UsageSums sums_of(const RolledUp& rolled_up) {
  ports::UsageSums sums = rolled_up.sums;
  sums.total = quantiles_of(rolled_up.durations, DurationKind::total);
  sums.ttft = quantiles_of(rolled_up.durations, DurationKind::ttft);
  sums.queue = quantiles_of(rolled_up.durations, DurationKind::queue);
  return sums;
}

// The numbers of the largest groups, with their sums.
std::vector<std::pair<std::int64_t, RolledUp>> largest(UsageTallies cells, std::size_t groups_max) {
  std::vector<std::pair<std::int64_t, RolledUp>> groups;
  for (auto& [place, cell] : cells)
    groups.emplace_back(place.group, std::move(cell));
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

std::vector<ports::UsagePoint> points_of(const UsageTallies& tallies, std::int64_t group) {
  std::vector<ports::UsagePoint> points;
  for (auto at = tallies.lower_bound({group, 0}); at != tallies.end() && at->first.group == group; ++at)
    points.push_back({{at->first.begin_ms}, sums_of(at->second)});
  return points;
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
  UsageTallies tallies = UsageTally(connection, {}).of(*numbers);
  return sums_of(tallies[{}]);
}

std::vector<ports::UsageShare> divide(SqliteConnection& connection, const UsageScope& scope, UsageDimension by,
                                      std::size_t groups_max) {
  const Transaction one_moment(connection, Transaction::Kind::read);
  const auto numbers = numbers_of(connection, scope);
  if (!numbers) return {};
  std::vector<ports::UsageShare> shares;
  UsageTally tally(connection, {.by = by});
  for (const auto& [number, rolled_up] : largest(tally.of(*numbers), groups_max))
    shares.push_back({group_of(connection, by, number), sums_of(rolled_up)});
  return shares;
}

std::vector<ports::UsageLine> draw_series(SqliteConnection& connection, const SeriesQuestion& question) {
  refuse_long_series(question);
  const Transaction one_moment(connection, Transaction::Kind::read);
  const auto numbers = numbers_of(connection, question.scope);
  UsageTally tally(connection, {.by = question.by, .bucket = question.bucket});
  if (!question.by) return {{.group = {}, .points = points_of(numbers ? tally.of(*numbers) : UsageTallies(), 0)}};
  if (!numbers) return {};
  std::vector<std::int64_t> order;
  UsageTally sizes(connection, {.by = question.by, .with_durations = false});
  for (const auto& [number, unused] : largest(sizes.of(*numbers), question.groups_max))
    order.push_back(number);
  const UsageTallies tallies = tally.of(*numbers, order);
  std::vector<ports::UsageLine> lines;
  for (const std::int64_t number : order)
    lines.push_back({group_of(connection, *question.by, number), points_of(tallies, number)});
  return lines;
}

}  // namespace obleth::adapters
