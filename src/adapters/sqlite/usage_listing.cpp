#include "adapters/sqlite/usage_listing.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/usage_names.hpp"
#include "adapters/sqlite/usage_rows.hpp"
#include "adapters/sqlite/usage_schema.hpp"

namespace obleth::adapters {
namespace {

// What narrows a listing most decides by which index it is read.
enum class ReadBy : std::uint8_t { time, tenant, event, client_id };

// The places of one page come from the index alone; only its own rows are read.
std::string listing(ReadBy by, bool oldest_first) {
  constexpr std::array sources{
      "usage INDEXED BY usage_by_time WHERE (?3 IS NULL OR tenant = ?3)",
      "usage INDEXED BY usage_by_tenant WHERE tenant = ?3",
      // Places of one hour: the indexes of ids begin with it.
      "usage WHERE event_spot = event_spot(?1, ?10) AND event_id = ?10 AND (?3 IS NULL OR tenant = ?3)",
      "usage WHERE place / 3774873600000 = ?1 / 3774873600000 AND client_request_id = ?11 AND client_request_id <> ''"
      " AND (?3 IS NULL OR tenant = ?3)",
  };
  const std::string order = oldest_first ? "" : " DESC";
  std::string inner = std::string("SELECT place AS found FROM ") + sources.at(static_cast<std::size_t>(by)) +
                      " AND place >= ?1 AND place < ?2 AND (?4 IS NULL OR key = ?4) AND (?5 IS NULL OR model = ?5)"
                      " AND (?6 IS NULL OR grp = ?6) AND (?7 IS NULL OR route = ?7) AND (?8 IS NULL OR status = ?8)"
                      " AND (?9 IS NULL OR admission = ?9)";
  if (by == ReadBy::client_id) inner += " AND (?10 IS NULL OR event_id = ?10)";
  if (by == ReadBy::event) inner += " AND (?11 = '' OR client_request_id = ?11)";
  inner += " ORDER BY place" + order + " LIMIT ?12";
  std::string outer = select_usage_rows();
  outer.insert(outer.find("usage AS u"), "(" + inner + ") CROSS JOIN ");
  outer.insert(outer.find("usage AS u") + std::string_view("usage AS u").size(), " ON u.place = found");
  return outer + " ORDER BY found" + order;
}

ReadBy best_index(const ScopeNumbers& scope, const ports::UsageRowFilter& filter) {
  if (filter.event_id) return ReadBy::event;
  if (!filter.client_request_id.empty()) return ReadBy::client_id;
  return scope.tenant ? ReadBy::tenant : ReadBy::time;
}

// The hours that have rows of a kind, from one to the next: within an hour the search ends at the first that fits.
std::string hours_statement(bool oldest_first) {
  const std::string next = oldest_first ? "SELECT min(begin) FROM usage_kinds WHERE begin <= ?2 AND begin "
                                        : "SELECT max(begin) FROM usage_kinds WHERE begin >= ?1 AND begin ";
  return "WITH RECURSIVE hours (hour) AS (" + next + (oldest_first ? ">= ?1" : "<= ?2") + " UNION ALL SELECT (" + next +
         (oldest_first ? ">" : "<") +
         " hour) FROM hours WHERE hour IS NOT NULL)"
         " SELECT hour FROM hours WHERE EXISTS (SELECT 1 FROM usage_kinds WHERE begin = hour"
         " AND (?3 IS NULL OR model = ?3) AND (?4 IS NULL OR grp = ?4) AND (?5 IS NULL OR route = ?5)"
         " AND (?6 IS NULL OR status = ?6) AND (?7 IS NULL OR admission = ?7))";
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

struct Places {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

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
  std::optional<std::int64_t> route;
  std::optional<int> status;
  std::optional<int> admission;
};

// Nothing: the ledger has never heard one of the names.
std::optional<Narrowing> narrowing_of(SqliteConnection& connection, const ports::UsageRowFilter& filter) {
  Narrowing narrowing;
  auto scope = numbers_of(connection, filter.scope);
  if (!scope) return std::nullopt;
  narrowing.scope = *scope;
  if (!filter.route.empty()) {
    narrowing.route = number_of_word(connection, filter.route);
    if (!narrowing.route) return std::nullopt;
  }
  narrowing.status = filter.status;
  if (filter.admission) narrowing.admission = static_cast<int>(*filter.admission);
  return narrowing;
}

class Listing {
 public:
  Listing(SqliteConnection& connection, const ports::UsageRowsRequest& request, const Narrowing& narrowing)
      : connection_(connection),
        request_(request),
        narrowing_(narrowing),
        read_by_(best_index(narrowing.scope, request.filter)),
        sql_(listing(read_by_, request.oldest_first)),
        list_(connection, sql_),
        rows_max_(std::clamp<std::size_t>(request.limit, 1, ports::usage_rows_max)) {}

  [[nodiscard]] ports::UsageRows page(Places places) {
    const bool known_by_kind = narrowing_.scope.model || narrowing_.scope.group || narrowing_.route ||
                               narrowing_.status || narrowing_.admission;
    const bool by_an_id = read_by_ == ReadBy::event || read_by_ == ReadBy::client_id;
    if (by_an_id || known_by_kind) {
      add_hours(places);
    } else {
      add_rows(places);
    }
    return std::move(page_);
  }

 private:
  // Only those hours that have rows of such a kind.
  void add_hours(Places places) {
    const std::int64_t hour = length_ms(ports::UsageBucket::hour);
    const std::string sql = hours_statement(request_.oldest_first);
    Statement hours(connection_, sql);
    hours.bind(time_of_place(places.begin).unix_ms / hour * hour).bind(time_of_place(places.end).unix_ms);
    hours.bind(narrowing_.scope.model).bind(narrowing_.scope.group).bind(narrowing_.route).bind(narrowing_.status);
    hours.bind(narrowing_.admission);
    while (page_.next_cursor.empty() && hours.step()) {
      const WallTime begin = Row(hours).time();
      add_rows({std::max(places.begin, first_place_of(begin)),
                std::min(places.end, first_place_of({begin.unix_ms + hour}))});
    }
  }

  void add_rows(Places places) {
    list_.bind(places.begin).bind(places.end).bind(narrowing_.scope.tenant).bind(narrowing_.scope.key);
    list_.bind(narrowing_.scope.model).bind(narrowing_.scope.group).bind(narrowing_.route).bind(narrowing_.status);
    list_.bind(narrowing_.admission).bind(request_.filter.event_id).bind(request_.filter.client_request_id);
    list_.bind(rows_max_ - page_.rows.size() + 1);
    while (list_.step()) {
      if (page_.rows.size() == rows_max_) {
        page_.next_cursor = std::to_string(last_place_);
        break;
      }
      last_place_ = Row(list_).integer();
      Row row(list_);
      page_.rows.push_back(read_usage_row(connection_, row));
    }
    list_.again();
  }

  SqliteConnection& connection_;
  const ports::UsageRowsRequest& request_;
  const Narrowing& narrowing_;
  ReadBy read_by_;
  std::string sql_;
  Statement list_;
  std::size_t rows_max_;
  std::int64_t last_place_ = 0;
  ports::UsageRows page_;
};

}  // namespace

std::vector<std::string> listing_statements() {
  std::vector<std::string> statements;
  for (const ReadBy by : {ReadBy::time, ReadBy::tenant, ReadBy::event, ReadBy::client_id}) {
    statements.push_back(listing(by, false));
    statements.push_back(listing(by, true));
  }
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
