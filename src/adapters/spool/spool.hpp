// The spool: what its writers, its sync thread and its delivery share. Made before the loops, destroyed after them.
//
// Any thread.
#pragma once

#include <atomic>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>

#include "adapters/spool/segment_shelf.hpp"
#include "adapters/spool/spool_folder.hpp"
#include "adapters/spool/spool_settings.hpp"
#include "adapters/spool/spool_tally.hpp"
#include "adapters/spool/sync_thread.hpp"
#include "ports/entropy.hpp"

namespace obleth::adapters {

class Spool {
 public:
  static constexpr std::uint64_t rows_that_call = 10'000;  // a whole batch may have come together

  // Fault: conflict, another process has the folder. One that cannot be used otherwise is tried again and again, and
  // rows are dropped and counted meanwhile.
  [[nodiscard]] static Result<std::unique_ptr<Spool>> open(SpoolSettings settings, ports::Entropy& entropy,
                                                           observe::Metrics& metrics);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  [[nodiscard]] const SpoolSettings& settings() const { return settings_; }
  // False: it cannot be used now. What a former process left is on the shelf after the first success.
  [[nodiscard]] bool open_folder();
  // The errno when it cannot be made now.
  [[nodiscard]] std::expected<std::shared_ptr<SegmentFile>, int> make_segment(WallTime now);

  // Rows were written: they are to be synced, and delivered when enough have come together.
  void note_rows(std::uint64_t rows);
  // The delivery looks at once. on_call: from any thread; empty: nobody delivers.
  void call_delivery();
  void answer_calls_with(std::function<void()> on_call);
  // The oldest is to give way before the newest has no room.
  [[nodiscard]] bool is_nearly_full() const { return tally.stored_bytes() > settings_.bytes_max / 16 * 15; }
  void call_taken() { called_ = false; }

  SpoolTally tally;
  SegmentShelf shelf;
  SpoolFolder folder;

 private:
  Spool(SpoolSettings settings, ports::Entropy& entropy, observe::Metrics& metrics);

  const SpoolSettings settings_;
  ports::Entropy& entropy_;
  std::atomic<std::uint64_t> rows_written_ = 0;
  std::atomic<bool> called_ = false;
  std::mutex mutex_;  // guards on_call_
  std::function<void()> on_call_;
  SyncThread sync_;  // last: it reads what stands above
};

}  // namespace obleth::adapters
