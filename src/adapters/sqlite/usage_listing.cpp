#include "adapters/sqlite/usage_listing.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/usage_kinds.hpp"
#include "adapters/sqlite/usage_marks.hpp"
#include "adapters/sqlite/usage_names.hpp"
#include "adapters/sqlite/usage_rows.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "adapters/sqlite/usage_walk.hpp"

namespace obleth::adapters {
namespace {

// The hours that have rows of a kind, from one to the next: within an hour the search ends at the first that fits.
std::string hours_statement(bool oldest_first) {
  const std::string next = oldest_first ? "SELECT min(begin) FROM usage_kinds WHERE begin <= ?2 AND begin "
                                        : "SELECT max(begin) FROM usage_kinds WHERE begin >= ?1 AND begin ";
  return "WITH RECURSIVE hours (hour) AS (" + next + (oldest_first ? ">= ?1" : "<= ?2") + " UNION ALL SELECT (" + next +
         (oldest_first ? ">" : "<") +
         " hour) FROM hours WHERE hour IS NOT NULL)"
         " SELECT hour FROM hours WHERE EXISTS (SELECT 1 FROM usage_kinds CROSS JOIN kinds ON number = kind"
         " WHERE begin = hour AND (?3 IS NULL OR model = ?3) AND (?4 IS NULL OR grp = ?4)"
         " AND (?5 IS NULL OR route = ?5) AND (?6 IS NULL OR status = ?6) AND (?7 IS NULL OR admission = ?7))";
}

std::optional<std::int64_t> place_of_cursor(const std::string& cursor) {
  if (cursor.empty()) return std::nullopt;
  std::int64_t place = 0;
  const char* end = cursor.data() + cursor.size();
  const auto read = std::from_chars(cursor.data(), end, place);
  if (read.ec != std::errc() || read.ptr != end || place < 0)
    refuse(FaultKind::invalid, "the cursor is not one that a list has given", "cursor");
  return place;
}

Places places_of(const ScopeNumbers& scope, const ports::UsageRowsRequest& request) {
  Places places{first_place_of({scope.begin_ms}), first_place_of({scope.end_ms})};
  const auto cursor = place_of_cursor(request.cursor);
  if (!cursor) return places;
  if (request.oldest_first) {
    places.begin = std::max(places.begin, *cursor + 1);
  } else {
    places.end = std::min(places.end, *cursor);
  }
  return places;
}

// The numbers of what a listing is narrowed by.
struct Narrowing {
  ScopeNumbers scope;
  KindFilter kinds;
};

// Nothing: the ledger has never heard one of the names.
std::optional<Narrowing> narrowing_of(SqliteConnection& connection, const ports::UsageRowFilter& filter) {
  Narrowing narrowing;
  auto scope = numbers_of(connection, filter.scope);
  if (!scope) return std::nullopt;
  narrowing.scope = *scope;
  if (!filter.route.empty()) {
    narrowing.kinds.route = number_of_word(connection, filter.route);
    if (!narrowing.kinds.route) return std::nullopt;
  }
  narrowing.kinds.model = scope->model;
  narrowing.kinds.group = scope->group;
  narrowing.kinds.status = filter.status;
  if (filter.admission) narrowing.kinds.admission = static_cast<int>(*filter.admission);
  return narrowing;
}

class Listing {
 public:
  Listing(SqliteConnection& connection, const ports::UsageRowsRequest& request, const Narrowing& narrowing)
      : connection_(connection),
        request_(request),
        narrowing_(narrowing),
        kinds_(connection, narrowing.kinds),
        reader_(connection),
        rows_max_(std::clamp<std::size_t>(request.limit, 1, ports::usage_rows_max)) {}

  // What narrows a listing most decides by what it is read.
  [[nodiscard]] ports::UsageRows page(Places places) {
    if (request_.filter.event_id) {
      add_marked(places, mark_of(*request_.filter.event_id));
    } else if (!request_.filter.client_request_id.empty()) {
      add_marked(places, mark_of(request_.filter.client_request_id));
    } else if (narrowing_.scope.tenant || narrowing_.kinds.passes_all()) {
      add_rows(places, false);
    } else {
      add_hours(places);
    }
    return std::move(page_);
  }

 private:
  void add_marked(Places places, UsageMark mark) {
    MarkedPlaces marked(connection_, mark, places, request_.oldest_first);
    for (auto hour = marked.next_hour(); !is_whole_ && !hour.empty(); hour = marked.next_hour()) {
      for (const Places& some : hour)
        add_rows(some, true);
    }
  }

  // Only those hours that have rows of such a kind.
  void add_hours(Places places) {
    const std::int64_t hour = length_ms(ports::UsageBucket::hour);
    const std::string sql = hours_statement(request_.oldest_first);
    Statement hours(connection_, sql);
    const KindFilter& kinds = narrowing_.kinds;
    hours.bind(time_of_place(places.begin).unix_ms / hour * hour).bind(time_of_place(places.end).unix_ms);
    hours.bind(kinds.model).bind(kinds.group).bind(kinds.route).bind(kinds.status).bind(kinds.admission);
    while (!is_whole_ && hours.step()) {
      const WallTime begin = Row(hours).time();
      add_rows(
          {std::max(places.begin, first_place_of(begin)), std::min(places.end, first_place_of({begin.unix_ms + hour}))},
          false);
    }
  }

  void add_rows(Places places, bool are_few) {
    UsageWalk walk(connection_, {.places = places,
                                 .tenant = narrowing_.scope.tenant,
                                 .key = narrowing_.scope.key,
                                 .kinds = &kinds_,
                                 .oldest_first = request_.oldest_first,
                                 .is_short = are_few});
    const WalkedRow* row = nullptr;
    while (!is_whole_ && (row = walk.next()) != nullptr) {
      if (has_the_ids(*row)) add_row(*row);
    }
  }

  [[nodiscard]] bool has_the_ids(const WalkedRow& row) const {
    const ports::UsageRowFilter& filter = request_.filter;
    return filter.event_id.value_or(row.head.event) == row.head.event &&
           (filter.client_request_id.empty() || filter.client_request_id == row.client_request_id);
  }

  void add_row(const WalkedRow& row) {
    if (page_.rows.size() == rows_max_) {
      page_.next_cursor = std::to_string(last_place_);
      is_whole_ = true;
      return;
    }
    last_place_ = row.place;
    page_.rows.push_back(reader_.read(row));
    is_whole_ = request_.filter.event_id.has_value();  // there is no other
  }

  SqliteConnection& connection_;
  const ports::UsageRowsRequest& request_;
  const Narrowing& narrowing_;
  KindChoice kinds_;
  UsageRowReader reader_;
  std::size_t rows_max_;
  std::int64_t last_place_ = 0;
  bool is_whole_ = false;
  ports::UsageRows page_;
};

}  // namespace

std::vector<std::string> listing_statements() {
  std::vector<std::string> statements = UsageWalk::statements();
  for (const bool oldest_first : {false, true})
    statements.push_back(MarkedPlaces::statement(oldest_first));
  return statements;
}

ports::UsageRows list_usage(SqliteConnection& connection, const ports::UsageRowsRequest& request) {
  const Transaction one_moment(connection, Transaction::Kind::read);
  const auto narrowing = narrowing_of(connection, request.filter);
  // What the cursor is says the request alone.
  const Places places = places_of(narrowing ? narrowing->scope : ScopeNumbers{}, request);
  if (!narrowing) return {};
  return Listing(connection, request, *narrowing).page(places);
}

std::optional<UsageRecord> find_usage(SqliteConnection& connection, EventId id) {
  const ports::UsageRowFilter filter{.scope = {.span = {{0}, {usage_ms_max + 1}}}, .event_id = id};
  ports::UsageRows found = list_usage(connection, {.filter = filter, .limit = 1});
  if (found.rows.empty()) return std::nullopt;
  return std::move(found.rows.front());
}

}  // namespace obleth::adapters
