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
      "usage WHERE event_id = ?10 AND (?3 IS NULL OR tenant = ?3)",
      "usage WHERE client_request_id = ?11 AND client_request_id <> '' AND (?3 IS NULL OR tenant = ?3)",
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

ReadBy best_index(const ports::UsageRowFilter& filter) {
  if (filter.event_id) return ReadBy::event;
  if (!filter.client_request_id.empty()) return ReadBy::client_id;
  return filter.scope.tenant ? ReadBy::tenant : ReadBy::time;
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
  const ports::UsageRowFilter& filter = request.filter;
  const auto scope = numbers_of(connection, filter.scope);
  std::optional<std::int64_t> route;
  if (!filter.route.empty()) route = number_of_word(connection, filter.route);
  if (!scope) return {};
  const Places places = places_of(*scope, request);
  if (!filter.route.empty() && !route) return {};

  const std::size_t rows_max = std::clamp<std::size_t>(request.limit, 1, ports::usage_rows_max);
  Statement list(connection, listing(best_index(filter), request.oldest_first));
  list.bind(places.begin).bind(places.end).bind(scope->tenant).bind(scope->key).bind(scope->model).bind(scope->group);
  list.bind(route).bind(filter.status);
  list.bind(filter.admission ? std::optional(static_cast<int>(*filter.admission)) : std::nullopt);
  list.bind(filter.event_id).bind(filter.client_request_id).bind(rows_max + 1);
  ports::UsageRows page;
  std::int64_t last_place = 0;
  while (list.step()) {
    if (page.rows.size() == rows_max) {
      page.next_cursor = std::to_string(last_place);
      break;
    }
    last_place = Row(list).integer();
    Row row(list);
    page.rows.push_back(read_usage_row(row));
  }
  return page;
}

std::optional<UsageRecord> find_usage(SqliteConnection& connection, EventId id) {
  static const std::string sql = select_usage_rows() + " WHERE u.event_id = ?";
  Statement find(connection, sql);
  find.bind(id);
  if (!find.step()) return std::nullopt;
  Row row(find);
  return read_usage_row(row);
}

}  // namespace obleth::adapters
