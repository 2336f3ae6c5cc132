// What the spool holds and what became of its rows: counted exactly, told at the scrape, logged once. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "observe/metrics.hpp"

namespace obleth::adapters {

enum class DropReason : std::uint8_t { spool_full, disk_full, disk_error, no_folder };
inline constexpr std::array drop_reasons = {DropReason::spool_full, DropReason::disk_full, DropReason::disk_error,
                                            DropReason::no_folder};
[[nodiscard]] std::string_view to_text(DropReason reason);
struct Dropping {
  DropReason reason = DropReason::disk_error;
  std::string_view detail;  // for the log: what the system said
};
// What an errno of a write means for the rows.
[[nodiscard]] Dropping dropping_of(int error);

class SpoolTally {
 public:
  explicit SpoolTally(observe::Metrics& metrics);
  SpoolTally(const SpoolTally&) = delete;
  SpoolTally& operator=(const SpoolTally&) = delete;

  // Bytes on the disk, of segments and their ranges: what the bound is about.
  // False, and nothing taken, when they do not fit.
  [[nodiscard]] bool take_room(std::uint64_t bytes, std::uint64_t bytes_max);
  void add_stored(std::uint64_t bytes) { stored_bytes_ += bytes; }
  void give_room(std::uint64_t bytes) { stored_bytes_ -= bytes; }
  [[nodiscard]] std::uint64_t stored_bytes() const { return stored_bytes_; }

  // Bytes of records that the sink has not acknowledged.
  void add_waiting(std::uint64_t bytes) { waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void end_waiting(std::uint64_t bytes) { waiting_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t waiting_bytes() const { return waiting_bytes_; }

  void set_oldest(Duration age) { oldest_ms_ = whole_ms(age); }
  // Measured now and then; 0 as soon as nothing waits.
  [[nodiscard]] Duration oldest() const {
    return waiting_bytes_ == 0 ? Duration::zero() : std::chrono::milliseconds(oldest_ms_);
  }

  void rows_delivered(std::uint64_t rows);
  void rows_dropped(const Dropping& why, std::uint64_t rows, Instant now);
  void rows_quarantined(std::uint64_t rows) { metrics_.count_usage_rows(observe::UsageRowOutcome::quarantined, rows); }
  // Rows are written again: tells, once and when none was dropped for a while, what was dropped meanwhile.
  void writing_again(Instant now) {
    if (dropping_.load(std::memory_order_relaxed)) tell_recovery(now);
  }
  [[nodiscard]] std::uint64_t dropped(DropReason reason) const { return dropped_[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] std::uint64_t dropped() const;  // for all reasons
  [[nodiscard]] bool is_dropping() const { return dropping_; }

 private:
  void tell_recovery(Instant now);

  observe::Metrics& metrics_;
  std::atomic<std::uint64_t> stored_bytes_ = 0;
  std::atomic<std::uint64_t> waiting_bytes_ = 0;
  std::atomic<std::int64_t> oldest_ms_ = 0;
  std::array<std::atomic<std::uint64_t>, drop_reasons.size()> dropped_{};
  std::atomic<std::uint64_t> told_ = 0;  // of those dropped
  std::atomic<Instant> dropped_at_ = Instant();
  std::atomic<bool> dropping_ = false;
};

}  // namespace obleth::adapters
