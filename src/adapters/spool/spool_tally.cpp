#include "adapters/spool/spool_tally.hpp"

#include <cerrno>
#include <cstring>

#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

constexpr Duration recovered_after = std::chrono::seconds(1);  // a disk that is nearly full takes a row now and then

}  // namespace

std::string_view to_text(DropReason reason) {
  switch (reason) {
    case DropReason::spool_full:
      return "spool_full";
    case DropReason::disk_full:
      return "disk_full";
    case DropReason::disk_error:
      return "disk_error";
    case DropReason::no_folder:
      return "no_folder";
  }
  return "disk_error";
}

Dropping dropping_of(int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return {full ? DropReason::disk_full : DropReason::disk_error, std::strerror(error)};
}

SpoolTally::SpoolTally(observe::Metrics& metrics) : metrics_(metrics) {
  for (const DropReason reason : drop_reasons)
    metrics_.count_dropped_usage_rows(to_text(reason), 0);
}

bool SpoolTally::take_room(std::uint64_t bytes, std::uint64_t bytes_max) {
  const std::uint64_t before = stored_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes <= bytes_max) return true;
  stored_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

void SpoolTally::rows_delivered(std::uint64_t rows) {
  metrics_.count_usage_rows(observe::UsageRowOutcome::delivered, rows);
}

void SpoolTally::rows_dropped(const Dropping& why, std::uint64_t rows, Instant now) {
  if (rows == 0) return;
  dropped_[static_cast<std::size_t>(why.reason)] += rows;
  metrics_.count_usage_rows(observe::UsageRowOutcome::dropped, rows);
  metrics_.count_dropped_usage_rows(to_text(why.reason), rows);
  dropped_at_ = now;
  if (dropping_.exchange(true)) return;
  observe::log(observe::LogLevel::error, "rows of the usage ledger are dropped and counted; requests go on",
               {{"reason", to_text(why.reason)}, {"detail", why.detail}});
}

std::uint64_t SpoolTally::dropped() const {
  std::uint64_t all = 0;
  for (const auto& reason : dropped_)
    all += reason;
  return all;
}

void SpoolTally::tell_recovery(Instant now) {
  if (now - dropped_at_.load() < recovered_after) return;
  if (!dropping_.exchange(false)) return;
  const std::uint64_t all = dropped();
  const std::uint64_t before = told_.exchange(all);
  observe::log(observe::LogLevel::warn, "rows of the usage ledger are kept again", {{"dropped", all - before}});
}

}  // namespace obleth::adapters
