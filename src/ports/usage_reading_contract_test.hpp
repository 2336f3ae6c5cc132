// What every usage ledger answers: rows by every filter, page by page, and sums that are those of the rows.
//
// An adapter instantiates this suite with a factory of empty ledgers.
#pragma once

#include <algorithm>
#include <map>

#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::adapters {

class UsageReadingContract : public UsageLedgerContract {
 protected:
  using Fits = std::function<bool(const UsageRecord&)>;

  // In several batches, over a few days.
  const std::vector<UsageRecord>& fill(std::size_t count) {
    rows_ = random_.some(count, noon_ms, span_ms);
    for (std::size_t at = 0; at < rows_.size(); at += 500) {
      const auto first = rows_.begin() + static_cast<std::ptrdiff_t>(at);
      deliver(std::vector<UsageRecord>(
          first, first + static_cast<std::ptrdiff_t>(std::min<std::size_t>(500, rows_.size() - at))));
    }
    return rows_;
  }
  static ports::UsageScope everything() { return {.span = {{0}, {noon_ms * 2}}}; }

  std::vector<EventId> ids_that(const Fits& fits, bool oldest_first = false) const {
    std::vector<UsageRecord> found;
    std::ranges::copy_if(rows_, std::back_inserter(found), fits);
    std::ranges::sort(found, [oldest_first](const UsageRecord& a, const UsageRecord& b) {
      return oldest_first ? a.ts < b.ts : a.ts > b.ts;
    });
    std::vector<EventId> ids;
    for (const UsageRecord& row : found)
      ids.push_back(row.event_id);
    return ids;
  }
  // Page after page.
  std::vector<EventId> listed(ports::UsageRowsRequest request) {
    std::vector<EventId> ids;
    do {
      const ports::UsageRows page = now(store_.ledger->rows(request));
      EXPECT_LE(page.rows.size(), request.limit);
      for (const UsageRecord& row : page.rows)
        ids.push_back(row.event_id);
      request.cursor = page.next_cursor;
    } while (!request.cursor.empty());
    return ids;
  }
  void expect_listed(const ports::UsageRowFilter& filter, const Fits& fits) {
    for (const bool oldest_first : {false, true}) {
      const ports::UsageRowsRequest request{.filter = filter, .limit = 97, .cursor = {}, .oldest_first = oldest_first};
      EXPECT_EQ(listed(request), ids_that(fits, oldest_first));
    }
  }

  static ports::UsageSums plain_sums(const std::vector<UsageRecord>& rows, const Fits& fits) {
    ports::UsageSums sums;
    for (const UsageRecord& row : rows) {
      if (!fits(row)) continue;
      const bool refused = row.admission == AdmissionOutcome::refused;
      sums.requests += 1;
      sums.errors += row.status >= 400 && !refused ? 1 : 0;
      sums.refusals += refused ? 1 : 0;
      sums.brownouts += row.admission == AdmissionOutcome::brownout ? 1 : 0;
      sums.cache_hits += row.cache == CacheOutcome::hit ? 1 : 0;
      sums.retries += row.retries;
      sums.input_tokens += row.tokens.prompt.value;
      sums.cached_tokens += row.tokens.cached.value;
      sums.output_tokens += row.tokens.output.value;
      sums.reasoning_tokens += row.tokens.reasoning.value;
      sums.tokens_saved += row.tokens_saved;
      sums.cost.value += row.cost.value;
      sums.gpu_ms += row.gpu_ms;
      sums.slot_ms += row.slot_ms;
      sums.queue_ms += row.queue_ms;
    }
    return sums;
  }
  static std::string text_of(const ports::UsageSums& s) {
    std::string text;
    for (const std::int64_t value :
         {s.requests, s.errors, s.refusals, s.brownouts, s.cache_hits, s.retries, s.input_tokens, s.cached_tokens,
          s.output_tokens, s.reasoning_tokens, s.tokens_saved, s.cost.value, s.gpu_ms, s.slot_ms, s.queue_ms})
      text += std::to_string(value) + " ";
    return text;
  }
  static Fits in_span(std::int64_t begin_ms, std::int64_t end_ms) {
    return [begin_ms, end_ms](const UsageRecord& row) { return begin_ms <= row.ts.unix_ms && row.ts.unix_ms < end_ms; };
  }

  static constexpr std::int64_t span_ms = 4 * 24 * hour_ms;
  RandomRows random_{11};
  std::vector<UsageRecord> rows_;
};

TEST_P(UsageReadingContract, RowComesBackAsItWas) {
  UsageRecord plain;  // all defaults
  plain.event_id = EventId{{1, 2}};
  plain.ts = {noon_ms};
  plain.tenant_id = nth_tenant(5);
  plain.key_id = nth_key(5);
  UsageRecord full = a_row(1);
  deliver({plain, full});
  for (const UsageRecord& expected : {plain, full}) {
    const auto found = now(store_.ledger->row(expected.event_id));
    ASSERT_TRUE(found);
    const auto members = [](const UsageRecord& r) {
      return std::tuple(r.event_id, r.client_request_id, r.ts, r.tenant_id, r.key_id, r.tenant, r.group, r.model,
                        r.upstream_model, r.endpoint, r.route, r.stream, r.admission, r.status, r.error_code);
    };
    const auto figures = [](const UsageRecord& r) {
      return std::tuple(r.tokens.prompt, r.tokens.cached, r.tokens.output, r.tokens.reasoning, r.fair_estimate,
                        r.hold_estimate, r.usage_source, r.queue_ms, r.ttft_ms, r.total_ms, r.overhead_us,
                        r.fairshare_cost, r.fairshare_key, r.fairshare_v, r.slot_ms, r.gpu_ms, r.weight);
    };
    const auto rest = [](const UsageRecord& r) {
      return std::tuple(r.cost, r.cache, r.tokens_saved, r.brownout_cap, r.retries, r.session_id, r.user_agent_family,
                        r.mcp_server, r.mcp_method, r.mcp_tool);
    };
    EXPECT_EQ(members(*found), members(expected));
    EXPECT_EQ(figures(*found), figures(expected));
    EXPECT_EQ(rest(*found), rest(expected));
  }
  EXPECT_FALSE(now(store_.ledger->row(EventId{{3, 4}})));
}

TEST_P(UsageReadingContract, ListsByEveryFilterPageAfterPage) {
  const auto& rows = fill(2000);
  expect_listed({.scope = everything()}, [](const UsageRecord&) { return true; });
  ports::UsageRowFilter by_tenant{.scope = everything()};
  by_tenant.scope.tenant = nth_tenant(2);
  expect_listed(by_tenant, [](const UsageRecord& row) { return row.tenant_id == nth_tenant(2); });
  ports::UsageRowFilter by_key{.scope = everything()};
  by_key.scope.key = nth_key(21);
  expect_listed(by_key, [](const UsageRecord& row) { return row.key_id == nth_key(21); });
  ports::UsageRowFilter by_model{.scope = everything()};
  by_model.scope.model = "model-3";
  expect_listed(by_model, [](const UsageRecord& row) { return row.model == "model-3"; });
  ports::UsageRowFilter by_group{.scope = everything()};
  by_group.scope.group = "batch";
  expect_listed(by_group, [](const UsageRecord& row) { return row.group == "batch"; });
  expect_listed({.scope = everything(), .route = "/v1/embeddings"},
                [](const UsageRecord& row) { return row.route == "/v1/embeddings"; });
  expect_listed({.scope = everything(), .status = 502}, [](const UsageRecord& row) { return row.status == 502; });
  expect_listed({.scope = everything(), .admission = AdmissionOutcome::queued},
                [](const UsageRecord& row) { return row.admission == AdmissionOutcome::queued; });
  expect_listed({.scope = everything(), .event_id = rows[77].event_id},
                [&](const UsageRecord& row) { return row.event_id == rows[77].event_id; });
  expect_listed({.scope = everything(), .client_request_id = rows[99].client_request_id},
                [&](const UsageRecord& row) { return row.client_request_id == rows[99].client_request_id; });
}

TEST_P(UsageReadingContract, FiltersHoldTogether) {
  const auto& rows = fill(2000);
  const std::int64_t begin = noon_ms + 7 * hour_ms + 13;
  const std::int64_t end = begin + 40 * hour_ms + 7;
  ports::UsageRowFilter filter{.scope = {.span = {{begin}, {end}}, .tenant = nth_tenant(1), .model = "model-1"}};
  filter.route = "/v1/embeddings";
  filter.admission = AdmissionOutcome::fast;
  expect_listed(filter, [&](const UsageRecord& row) {
    return in_span(begin, end)(row) && row.tenant_id == nth_tenant(1) && row.model == "model-1" &&
           row.route == "/v1/embeddings" && row.admission == AdmissionOutcome::fast;
  });
  ports::UsageRowFilter of_another{.scope = everything(), .event_id = rows[5].event_id};
  of_another.scope.tenant = rows[5].tenant_id == nth_tenant(1) ? nth_tenant(2) : nth_tenant(1);
  expect_listed(of_another, [](const UsageRecord&) { return false; });
}

TEST_P(UsageReadingContract, NameThatTheLedgerNeverHeardHasNoRows) {
  fill(50);
  ports::UsageScope scope = everything();
  scope.model = "never-asked";
  EXPECT_EQ(now(store_.ledger->summary(scope)).requests, 0);
  EXPECT_TRUE(now(store_.ledger->division(scope, ports::UsageDimension::key, 10)).empty());
  EXPECT_TRUE(listed({.filter = {.scope = scope}}).empty());
  ports::UsageScope stranger = everything();
  stranger.tenant = nth_tenant(77);
  EXPECT_EQ(now(store_.ledger->summary(stranger)).requests, 0);
  EXPECT_TRUE(listed({.filter = {.scope = everything(), .route = "/never"}}).empty());
}

TEST_P(UsageReadingContract, SeriesThatNothingDividesIsOneLineWhoeverItIsOf) {
  fill(50);
  const ports::UsageScope hour{.span = {{noon_ms}, {noon_ms + hour_ms}}};
  ports::UsageScope stranger = hour;
  stranger.tenant = nth_tenant(77);
  ports::UsageScope unheard = hour;
  unheard.model = "never-asked";
  for (const ports::UsageScope& scope : {stranger, unheard, ports::UsageScope{.span = {{noon_ms}, {noon_ms}}}}) {
    const auto lines = now(store_.ledger->series(scope, ports::UsageBucket::minute, std::nullopt, 10));
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].points.empty());
    EXPECT_TRUE(now(store_.ledger->series(scope, ports::UsageBucket::minute, ports::UsageDimension::key, 10)).empty());
  }
}

TEST_P(UsageReadingContract, RowsThatArriveBetweenPagesShiftNothing) {
  fill(300);
  ports::UsageRowsRequest request{.filter = {.scope = everything()}, .limit = 100};
  const ports::UsageRows first = now(store_.ledger->rows(request));
  deliver(random_.some(50, noon_ms + span_ms, hour_ms));
  request.cursor = first.next_cursor;
  std::vector<EventId> ids;
  for (const UsageRecord& row : first.rows)
    ids.push_back(row.event_id);
  const std::vector<EventId> rest = listed(request);
  ids.insert(ids.end(), rest.begin(), rest.end());
  EXPECT_EQ(ids, ids_that([](const UsageRecord&) { return true; }));
}

TEST_P(UsageReadingContract, CursorThatNoPageGaveIsRefused) {
  for (const char* cursor : {"x", "12x", "-1", "99999999999999999999", " 1"}) {
    const auto page = store_.ledger->rows({.filter = {.scope = everything()}, .cursor = cursor}).run_now();
    ASSERT_FALSE(page) << cursor;
    EXPECT_EQ(page.error().kind, FaultKind::invalid);
    EXPECT_EQ(page.error().field, "cursor");
  }
}

TEST_P(UsageReadingContract, SumsOfAnySpanAreThoseOfItsRows) {
  const auto& rows = fill(3000);
  for (int round = 0; round < 120; ++round) {
    const std::int64_t begin = noon_ms - hour_ms + random_.pick(span_ms);
    const std::int64_t end = begin + random_.pick(round % 3 == 0 ? 2 * hour_ms : span_ms);
    ports::UsageScope scope{.span = {{begin}, {end}}};
    if (round % 2 == 0) scope.tenant = nth_tenant(static_cast<std::uint64_t>(random_.pick(4)));
    if (round % 5 == 0) scope.model = "model-" + std::to_string(1 + random_.pick(3));
    if (round % 3 == 0) scope.group = random_.pick(2) == 0 ? "online" : "batch";
    if (round % 7 == 0) scope.key = nth_key(static_cast<std::uint64_t>(random_.pick(4) * 10));
    const Fits fits = [&](const UsageRecord& row) {
      return in_span(begin, end)(row) && (!scope.tenant || row.tenant_id == *scope.tenant) &&
             (!scope.key || row.key_id == *scope.key) && (scope.model.empty() || row.model == scope.model) &&
             (scope.group.empty() || row.group == scope.group);
    };
    EXPECT_EQ(text_of(now(store_.ledger->summary(scope))), text_of(plain_sums(rows, fits))) << begin << " " << end;
  }
}

TEST_P(UsageReadingContract, SeriesAddUpToTheRowsOfEachBucket) {
  const auto& rows = fill(3000);
  using ports::UsageBucket;
  for (const UsageBucket bucket : {UsageBucket::minute, UsageBucket::hour, UsageBucket::day}) {
    const std::int64_t begin = noon_ms + 31'234'567;
    const std::int64_t end = begin + (bucket == UsageBucket::minute ? 20 * hour_ms : 70 * hour_ms) + 4321;
    const auto lines =
        now(store_.ledger->series({.span = {{begin}, {end}}}, bucket, ports::UsageDimension::tenant, 10));
    ASSERT_EQ(lines.size(), 4U);
    for (const ports::UsageLine& line : lines) {
      std::int64_t points = 0;
      for (std::int64_t at = begin / length_ms(bucket) * length_ms(bucket); at < end; at += length_ms(bucket)) {
        const ports::UsageSums expected = plain_sums(rows, [&](const UsageRecord& row) {
          return in_span(begin, end)(row) && in_span(at, at + length_ms(bucket))(row) &&
                 row.tenant_id == line.group.tenant;
        });
        if (expected.requests == 0) continue;
        const auto point = std::ranges::find(line.points, WallTime{at}, &ports::UsagePoint::begin);
        ASSERT_NE(point, line.points.end());
        EXPECT_EQ(text_of(point->sums), text_of(expected));
        ++points;
      }
      EXPECT_EQ(static_cast<std::int64_t>(line.points.size()), points);
      EXPECT_EQ(line.group.tenant_name, "tenant-" + std::to_string(line.group.tenant.bits.low));
    }
  }
}

// Whatever the series is divided by and narrowed to, its points are those of the rows that fit.
TEST_P(UsageReadingContract, NarrowedSeriesAddUpToTheRowsThatFit) {
  const auto& rows = fill(2000);
  using ports::UsageDimension;
  const std::int64_t begin = noon_ms + 2'345'678;
  const std::int64_t end = begin + 60 * hour_ms + 321;
  for (int narrowed = 0; narrowed < 8; ++narrowed) {
    ports::UsageScope scope{.span = {{begin}, {end}}};
    if ((narrowed & 1) != 0) scope.tenant = nth_tenant(2);
    if ((narrowed & 2) != 0) scope.model = "model-1";
    if ((narrowed & 4) != 0) scope.group = "online";
    const Fits fits = [&](const UsageRecord& row) {
      return in_span(begin, end)(row) && (!scope.tenant || row.tenant_id == *scope.tenant) &&
             (scope.model.empty() || row.model == scope.model) && (scope.group.empty() || row.group == scope.group);
    };
    for (const auto by : {UsageDimension::tenant, UsageDimension::key, UsageDimension::model, UsageDimension::group}) {
      for (const auto bucket : {ports::UsageBucket::hour, ports::UsageBucket::day}) {
        ports::UsageSums sums;
        for (const ports::UsageLine& line : now(store_.ledger->series(scope, bucket, by, 100))) {
          for (const ports::UsagePoint& point : line.points) {
            sums.requests += point.sums.requests;
            sums.input_tokens += point.sums.input_tokens;
            sums.cost.value += point.sums.cost.value;
          }
        }
        const ports::UsageSums expected = plain_sums(rows, fits);
        EXPECT_EQ(sums.requests, expected.requests) << narrowed << " " << static_cast<int>(by);
        EXPECT_EQ(sums.input_tokens, expected.input_tokens);
        EXPECT_EQ(sums.cost, expected.cost);
      }
    }
  }
}

TEST_P(UsageReadingContract, SeriesOfTooManyPointsIsRefused) {
  const auto series =
      store_.ledger->series({.span = {{0}, {noon_ms}}}, ports::UsageBucket::hour, std::nullopt, 1).run_now();
  ASSERT_FALSE(series);
  EXPECT_EQ(series.error().kind, FaultKind::invalid);
  EXPECT_EQ(series.error().field, "bucket");
}

TEST_P(UsageReadingContract, DivisionTellsTheLargestFirstAndAddsUp) {
  const auto& rows = fill(2000);
  using ports::UsageDimension;
  const auto name_of = [](const UsageRecord& row, UsageDimension by) {
    switch (by) {
      case UsageDimension::tenant:
        return row.tenant_id.uuid();
      case UsageDimension::key:
        return row.key_id.uuid();
      case UsageDimension::model:
        return row.model;
      default:
        return row.group;
    }
  };
  for (const UsageDimension by :
       {UsageDimension::tenant, UsageDimension::key, UsageDimension::model, UsageDimension::group}) {
    const auto shares = now(store_.ledger->division(everything(), by, 100));
    std::int64_t requests = 0;
    for (const ports::UsageShare& share : shares) {
      UsageRecord like;
      like.tenant_id = share.group.tenant;
      like.key_id = share.group.key;
      like.model = like.group = share.group.name;
      const Fits fits = [&](const UsageRecord& row) { return name_of(row, by) == name_of(like, by); };
      EXPECT_EQ(text_of(share.sums), text_of(plain_sums(rows, fits)));
      requests += share.sums.requests;
    }
    EXPECT_EQ(requests, 2000);
    EXPECT_TRUE(std::ranges::is_sorted(shares, std::greater{},
                                       [](const ports::UsageShare& share) { return share.sums.cost.value; }));
    const auto largest = now(store_.ledger->division(everything(), by, 1));
    ASSERT_EQ(largest.size(), 1U);
    EXPECT_EQ(text_of(largest[0].sums), text_of(shares[0].sums));
  }
}

TEST_P(UsageReadingContract, QuantilesAreNearTheTruth) {
  std::vector<UsageRecord> rows;
  for (std::uint64_t serial = 1; serial <= 1000; ++serial) {
    rows.push_back(a_row(serial, noon_ms + static_cast<std::int64_t>(serial) * 1000));
    rows.back().total_ms = static_cast<std::int64_t>(serial) * 10;
    rows.back().ttft_ms = serial % 2 == 0 ? std::optional<std::int64_t>(7) : std::nullopt;
    rows.back().queue_ms = 0;
  }
  rows.push_back(a_row(2000));
  rows.back().admission = AdmissionOutcome::refused;  // its time says nothing
  rows.back().total_ms = 1'000'000;
  deliver(rows);
  const ports::UsageSums sums = now(store_.ledger->summary(everything()));
  EXPECT_NEAR(static_cast<double>(*sums.total.p50_ms), 5000, 5000 * 0.07);
  EXPECT_NEAR(static_cast<double>(*sums.total.p95_ms), 9500, 9500 * 0.07);
  EXPECT_NEAR(static_cast<double>(*sums.total.p99_ms), 9900, 9900 * 0.07);
  EXPECT_EQ(sums.ttft.p99_ms, 7);
  EXPECT_EQ(sums.queue.p50_ms, 0);
  const ports::UsageSums none = now(store_.ledger->summary({.span = {{0}, {1}}}));
  EXPECT_FALSE(none.total.p50_ms);
}

TEST_P(UsageReadingContract, TenantIsKnownByTheNameItHadLast) {
  UsageRecord before = a_row(1);
  UsageRecord after = a_row(2, noon_ms + 1);
  after.tenant = "renamed";
  UsageRecord nameless = a_row(3, noon_ms + 2);
  nameless.tenant.clear();
  deliver({before});
  EXPECT_EQ(now(store_.ledger->tenant_named("search")), nth_tenant(1));
  deliver({after});
  deliver({nameless});
  EXPECT_EQ(now(store_.ledger->tenant_named("renamed")), nth_tenant(1));
  EXPECT_FALSE(now(store_.ledger->tenant_named("search")));
  EXPECT_EQ(now(store_.ledger->name_of_tenant(nth_tenant(1))), "renamed");
  EXPECT_EQ(now(store_.ledger->row(before.event_id))->tenant, "renamed");
  EXPECT_EQ(now(store_.ledger->name_of_tenant(nth_tenant(9))), "");
}

}  // namespace obleth::adapters
