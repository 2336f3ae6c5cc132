#include "adapters/spool/spool.hpp"

#include <utility>

#include "adapters/spool/range_file.hpp"
#include "observe/log.hpp"

namespace obleth::adapters {

Spool::Spool(SpoolSettings settings, ports::Entropy& entropy, observe::Metrics& metrics)
    : tally(metrics),
      folder(settings),
      settings_(std::move(settings)),
      entropy_(entropy),
      sync_(shelf, folder, settings_.sync_every) {}

Result<std::unique_ptr<Spool>> Spool::open(SpoolSettings settings, ports::Entropy& entropy, observe::Metrics& metrics) {
  std::unique_ptr<Spool> spool(new Spool(std::move(settings), entropy, metrics));
  Result<void> opened = spool->folder.open();
  if (!opened && opened.error().kind == FaultKind::conflict) return fail(std::move(opened.error()));
  if (!opened) {
    observe::log(observe::LogLevel::error, "the spool is tried again; until then rows of the usage ledger are dropped",
                 {{"reason", opened.error().message}});
  }
  return spool;
}

bool Spool::open_folder() {
  if (folder.is_open()) return true;
  return folder.open().has_value();
}

std::expected<std::shared_ptr<SegmentFile>, int> Spool::make_segment(WallTime now) {
  auto made = folder.make_segment(segment_id_at(now, entropy_.bits128()));
  if (!made) return made;
  tally.add_stored(segment_head_bytes + RangeFile::bytes_reserved);
  shelf.put(*made);
  return made;
}

void Spool::note_rows(std::uint64_t rows) {
  sync_.note_write();
  const std::uint64_t before = rows_written_.fetch_add(rows, std::memory_order_relaxed);
  if (before / rows_that_call != (before + rows) / rows_that_call) call_delivery();
}

void Spool::call_delivery() {
  if (called_.exchange(true)) return;
  const std::lock_guard lock(mutex_);
  if (on_call_) on_call_();
}

void Spool::answer_calls_with(std::function<void()> on_call) {
  const std::lock_guard lock(mutex_);
  on_call_ = std::move(on_call);
}

}  // namespace obleth::adapters
