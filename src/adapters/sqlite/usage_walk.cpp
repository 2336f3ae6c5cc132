#include "adapters/sqlite/usage_walk.hpp"

#include <algorithm>
#include <functional>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/tenant_rows.hpp"

namespace obleth::adapters {
namespace {

constexpr std::string_view one_row = "SELECT place, client_request_id, packed FROM usage WHERE place = ?";
constexpr std::string_view rows_upwards =
    "SELECT place, client_request_id, packed FROM usage WHERE place >= ? AND place < ? ORDER BY place";
constexpr std::string_view rows_downwards =
    "SELECT place, client_request_id, packed FROM usage WHERE place >= ? AND place < ? ORDER BY place DESC";
constexpr std::string_view postings_upwards =
    "SELECT first, entries FROM usage_of_tenants WHERE tenant = ? AND first >= ? AND first < ? ORDER BY first";
constexpr std::string_view postings_downwards =
    "SELECT first, entries FROM usage_of_tenants WHERE tenant = ? AND first >= ? AND first < ? ORDER BY first DESC";

[[noreturn]] void fail_damaged() {
  throw StoreFailure(store_fault(FaultKind::broken, "the database holds a row that is damaged"));
}

}  // namespace

std::vector<std::string> UsageWalk::statements() {
  return {std::string(one_row), std::string(rows_upwards), std::string(rows_downwards), std::string(postings_upwards),
          std::string(postings_downwards)};
}

UsageWalk::UsageWalk(SqliteConnection& connection, const WalkScope& scope)
    : scope_(scope),
      by_postings_(scope.tenant && !scope.is_short),
      rows_(connection, by_postings_ ? one_row : (scope.oldest_first ? rows_upwards : rows_downwards)) {
  if (!by_postings_) {
    rows_.bind(scope.places.begin).bind(scope.places.end);
    return;
  }
  postings_.emplace(connection, scope.oldest_first ? postings_upwards : postings_downwards);
  // One that begins earlier in its minute may reach into the span.
  const std::int64_t first = scope.places.begin / places_per_minute * places_per_minute;
  postings_->bind(scope.tenant).bind(first).bind(scope.places.end);
  has_posting_ = postings_->step();
}

bool UsageWalk::fits(std::int64_t key, std::int64_t kind) const {
  return scope_.key.value_or(key) == key && (scope_.kinds == nullptr || scope_.kinds->has(kind));
}

const WalkedRow* UsageWalk::next() {
  return (by_postings_ ? next_of_tenant() : next_of_all()) ? &row_ : nullptr;
}

bool UsageWalk::next_of_all() {
  while (rows_.step()) {
    read_row();
    if (scope_.tenant.value_or(row_.head.tenant) == row_.head.tenant && fits(row_.head.key, row_.head.kind))
      return true;
  }
  return false;
}

bool UsageWalk::next_of_tenant() {
  while (at_ < places_.size() || gather_minute()) {
    if (at_ == places_.size()) continue;  // nothing of that minute fits
    rows_.again();
    if (!rows_.bind(places_[at_++]).step()) continue;  // it is too old, and gone
    read_row();
    return true;
  }
  return false;
}

bool UsageWalk::gather_minute() {
  places_.clear();
  at_ = 0;
  std::optional<std::int64_t> minute;
  for (; has_posting_; has_posting_ = postings_->step()) {
    const std::int64_t first = Row(*postings_).integer();
    if (minute.value_or(first / places_per_minute) != first / places_per_minute) break;
    minute = first / places_per_minute;
    gather_posting(first);
  }
  if (scope_.oldest_first) {
    std::ranges::sort(places_);
  } else {
    std::ranges::sort(places_, std::greater());
  }
  return minute.has_value();
}

void UsageWalk::gather_posting(std::int64_t first) {
  Row row(*postings_);
  static_cast<void>(row.integer());
  const bool whole = visit_posting(first, row.blob(), [this](const PostedRow& posted) {
    const bool within = posted.place >= scope_.places.begin && posted.place < scope_.places.end;
    if (within && fits(posted.key, posted.kind)) places_.push_back(posted.place);
  });
  if (!whole) fail_damaged();
}

void UsageWalk::read_row() {
  Row row(rows_);
  row_.place = row.integer();
  row_.client_request_id = row.text_view();
  const auto rest = unpack_head(row.blob(), row_.head);
  if (!rest) fail_damaged();
  row_.rest = *rest;
}

}  // namespace obleth::adapters
