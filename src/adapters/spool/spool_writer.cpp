#include "adapters/spool/spool_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

namespace obleth::adapters {

SpoolWriter::SpoolWriter(EpollLoop& loop, Spool& spool)
    : loop_(loop), spool_(spool), batch_(std::make_unique_for_overwrite<char[]>(batch_bytes_max)) {}

SpoolWriter::~SpoolWriter() {
  loop_.disarm(*this);
  write_batch();
  close_segment();
}

Task<void> SpoolWriter::keep(const UsageRecord& record) {
  if (!append(record)) co_return;
  co_await TurnEnd(waiters_);
}

bool SpoolWriter::append(const UsageRecord& record) {
  if (fill_ + record_head_bytes + row_bytes_max > batch_bytes_max) write_batch();
  // A batch goes to one segment, as every record is bound to its place.
  if (fill_ == 0 && !has_segment()) {
    const bool no_folder = last_error_ == 0;
    spool_.tally.rows_dropped(
        no_folder ? Dropping{DropReason::no_folder, spool_.settings().folder} : dropping_of(last_error_), 1,
        loop_.now());
    return false;
  }
  char* const begin = batch_.get() + fill_;
  const std::span<char, row_bytes_max> payload(begin + record_head_bytes, row_bytes_max);
  const std::size_t size = record_head_bytes + encode_row(record, payload);
  put_record_head({begin, size}, offset_ + fill_, segment_->seed);
  fill_ += size;
  ends_.push_back(fill_);
  loop_.run_at_turn_end(*this);
  return true;
}

void SpoolWriter::run() {
  write_batch();
  waiters_.run_all();
}

void SpoolWriter::write_batch() {
  if (fill_ == 0) return;
  SpoolTally& tally = spool_.tally;
  std::size_t kept_rows = 0;
  if (!tally.take_room(fill_, spool_.settings().bytes_max)) {
    tally.rows_dropped({DropReason::spool_full, "OBLETH_SPOOL_MAX"}, ends_.size(), loop_.now());
    if (segment_->all_delivered()) close_segment();  // so that it can go
  } else {
    int error = 0;
    kept_rows = put_on_disk(error);
    const std::size_t kept_bytes = kept_rows == 0 ? 0 : ends_[kept_rows - 1];
    tally.give_room(fill_ - kept_bytes);
    if (kept_rows < ends_.size()) {
      tally.rows_dropped(dropping_of(error), ends_.size() - kept_rows, loop_.now());
    } else {
      tally.writing_again(loop_.now());
    }
    offset_ += kept_bytes;
    tally.add_waiting(kept_bytes);
    if (segment_) segment_->committed_bytes.store(offset_, std::memory_order_release);
  }
  if (kept_rows > 0) spool_.note_rows(kept_rows);
  if (spool_.is_nearly_full()) spool_.call_delivery();
  fill_ = 0;
  ends_.clear();
}

// How many of the batch's rows are on the disk, whole; what was written of the next one is taken back.
std::size_t SpoolWriter::put_on_disk(int& error) {
  std::size_t written = 0;
  while (written < fill_) {
    const ssize_t wrote =
        pwrite(segment_->fd.get(), batch_.get() + written, fill_ - written, static_cast<off_t>(offset_ + written));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      error = wrote < 0 ? errno : ENOSPC;
      break;
    }
    written += static_cast<std::size_t>(wrote);
  }
  const auto whole = std::ranges::upper_bound(ends_, written);
  const auto rows = static_cast<std::size_t>(whole - ends_.begin());
  const std::size_t kept = rows == 0 ? 0 : ends_[rows - 1];
  if (written > kept && !take_back(offset_ + kept)) {
    segment_->committed_bytes.store(offset_ + kept, std::memory_order_release);
    close_segment();  // what stands behind its last whole record stays there: the reader passes over it
  }
  return rows;
}

bool SpoolWriter::take_back(std::uint64_t offset) const {
  return ftruncate(segment_->fd.get(), static_cast<off_t>(offset)) == 0;
}

bool SpoolWriter::has_segment() {
  if (segment_ && (offset_ >= spool_.settings().segment_bytes() || segment_->ranges_run_low)) close_segment();
  if (!segment_) make_segment();
  return segment_ != nullptr;
}

void SpoolWriter::make_segment() {
  if (loop_.now() < retry_at_) return;
  retry_at_ = loop_.now() + retry_after;
  last_error_ = 0;
  if (!spool_.open_folder()) return;
  const auto made = spool_.make_segment(loop_.wall_now());
  if (!made) {
    last_error_ = made.error();
    return;
  }
  segment_ = *made;
  offset_ = segment_head_bytes;
  retry_at_ = loop_.now();
  loop_.arm(*this, loop_.now() + idle_after);
}

void SpoolWriter::close_segment() {
  if (!segment_) return;
  segment_->closed = true;
  segment_.reset();
  spool_.call_delivery();
}

void SpoolWriter::expired() {
  if (segment_ && fill_ == 0 && offset_ > segment_head_bytes && segment_->all_delivered()) close_segment();
  if (segment_) loop_.arm(*this, loop_.now() + idle_after);
}

}  // namespace obleth::adapters
