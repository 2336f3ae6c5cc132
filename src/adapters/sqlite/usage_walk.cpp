#include "adapters/sqlite/usage_walk.hpp"

#include <algorithm>
#include <functional>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/tenant_rows.hpp"

namespace obleth::adapters {
namespace {

constexpr std::string_view runs_downwards =
    "SELECT place, run FROM usage WHERE place >= ? AND place < ? ORDER BY place DESC";
constexpr std::string_view postings_upwards =
    "SELECT first, entries FROM usage_of_tenants WHERE tenant = ? AND first >= ? AND first < ? ORDER BY first";
constexpr std::string_view postings_downwards =
    "SELECT first, entries FROM usage_of_tenants WHERE tenant = ? AND first >= ? AND first < ? ORDER BY first DESC";

}  // namespace

std::vector<std::string> UsageWalk::statements() {
  return {std::string(runs_upwards), std::string(runs_downwards), std::string(postings_upwards),
          std::string(postings_downwards)};
}

UsageWalk::UsageWalk(SqliteConnection& connection, const WalkScope& scope)
    : scope_(scope),
      by_postings_(scope.tenant && !scope.is_short),
      runs_(connection, by_postings_ || scope.oldest_first ? runs_upwards : runs_downwards) {
  if (!by_postings_) {
    // A run that begins earlier in its slot may reach into the span.
    runs_.bind(slot_of(scope.places.begin) * places_per_slot).bind(scope.places.end);
    has_run_ = runs_.step();
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
  while (passed_ < slot_.size() || gather_slot()) {
    const std::size_t number = scope_.oldest_first ? passed_ : slot_.size() - 1 - passed_;
    ++passed_;
    if (slot_.place(number) < scope_.places.begin || slot_.place(number) >= scope_.places.end) continue;
    row_ = slot_.row(number);
    if (scope_.tenant.value_or(row_.head.tenant) == row_.head.tenant && fits(row_.head.key, row_.head.kind))
      return true;
  }
  return false;
}

// False: there is no further one.
bool UsageWalk::gather_slot() {
  slot_.clear();
  passed_ = 0;
  std::optional<std::int64_t> slot;
  for (; has_run_; has_run_ = runs_.step()) {
    Row row(runs_);
    const std::int64_t first = row.integer();
    if (slot.value_or(slot_of(first)) != slot_of(first)) break;
    slot = slot_of(first);
    slot_.add_run(first, row.blob());
  }
  slot_.put_in_order();
  return slot_.size() > 0;
}

void UsageWalk::open_slot(std::int64_t slot) {
  if (opened_ == slot) return;
  opened_ = slot;
  runs_.again();
  runs_.bind(slot * places_per_slot).bind((slot + 1) * places_per_slot);
  has_run_ = runs_.step();
  static_cast<void>(gather_slot());
}

bool UsageWalk::next_of_tenant() {
  while (at_ < places_.size() || gather_minute()) {
    if (at_ == places_.size()) continue;  // nothing of that minute fits
    const std::int64_t place = places_[at_++];
    open_slot(slot_of(place));
    const std::size_t number = slot_.number_at(place);
    if (number == slot_.size()) continue;  // it is too old, and gone
    row_ = slot_.row(number);
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
  if (!whole) throw StoreFailure(store_fault(FaultKind::broken, "the database holds a posting that is damaged"));
}

}  // namespace obleth::adapters
