#include "adapters/spool/spooled_segment.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "adapters/spool/row_encoding.hpp"
#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

constexpr std::size_t window_bytes_max = 1 << 20;  // many of the largest records
constexpr std::size_t row_bytes_least = 100;       // about; how many rows to make room for
constexpr std::size_t unreadable_step = 4096;      // a page that the disk does not give
constexpr Duration complaint_period = std::chrono::minutes(1);

// Months since year 0, UTC.
std::int64_t month_of(WallTime at) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(at.unix_ms)};
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
  return std::int64_t{static_cast<int>(day.year())} * 12 + static_cast<unsigned>(day.month());
}

}  // namespace

std::shared_ptr<SpooledSegment> SpooledSegment::open(Spool& spool, std::shared_ptr<SegmentFile> file, Memory& memory) {
  auto ranges = spool.folder.open_ranges(*file);
  if (!ranges) {
    observe::log_once_per(complaint_period, observe::LogLevel::error, "a segment cannot be delivered yet",
                          ranges.error().message);
    return nullptr;
  }
  return std::make_shared<SpooledSegment>(spool, std::move(file), std::move(*ranges), memory);
}

SpooledSegment::SpooledSegment(Spool& spool, std::shared_ptr<SegmentFile> file, std::unique_ptr<RangeFile> ranges,
                               Memory& memory)
    : spool_(spool), file_(std::move(file)), ranges_(std::move(ranges)), memory_(memory) {
  for (std::size_t number = 0; number < ranges_->ranges().size(); ++number) {
    const RangeFile::Range& range = ranges_->ranges()[number];
    if (!range.acknowledged && range.begin < range.end) unsent_.push_back(number);
    next_cut_ = range.end;
  }
  if (file_->closed) judge_head();
  note_prefix();
}

void SpooledSegment::judge_head() {
  std::array<char, segment_head_bytes> bytes{};
  const ssize_t got = pread(file_->fd.get(), bytes.data(), bytes.size(), 0);
  const SegmentHead head = judge_segment_head({bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0}, file_->id);
  foreign_ = head == SegmentHead::newer;
  if (foreign_) {
    observe::log(observe::LogLevel::warn, "a segment of a later version is left for that version",
                 {{"segment", to_hex32(file_->id)}});
  }
  // The file's name says the same, so nothing is lost with it; a file too short for it holds nothing.
  file_->committed_bytes = std::max<std::uint64_t>(file_->committed_bytes, next_cut_);
}

bool SpooledSegment::is_over() const {
  return file_->closed && uncut_bytes() == 0 && acknowledged_before_ == ranges_->ranges().size();
}

void SpooledSegment::note_prefix() {
  const auto& ranges = ranges_->ranges();
  const auto done = [](const RangeFile::Range& range) { return range.acknowledged || range.begin >= range.end; };
  while (acknowledged_before_ < ranges.size() && done(ranges[acknowledged_before_]))
    ++acknowledged_before_;
  file_->delivered_bytes = acknowledged_before_ < ranges.size() ? ranges[acknowledged_before_].begin : next_cut_;
}

std::uint64_t SpooledSegment::undelivered_bytes() const {
  std::uint64_t bytes = uncut_bytes();
  for (const RangeFile::Range& range : ranges_->ranges()) {
    if (!range.acknowledged) bytes += range.end - range.begin;
  }
  return bytes;
}

std::optional<CutRange> SpooledSegment::next_range() {
  if (!unsent_.empty()) {
    const std::size_t number = unsent_.front();
    unsent_.pop_front();
    const RangeFile::Range& fixed = ranges_->ranges()[number];
    CutRange range = scan(fixed.begin, fixed.end, Telling::first_time);
    range.number = number;
    range.end = fixed.end;
    return range;
  }
  if (uncut_bytes() == 0) return std::nullopt;
  CutRange range = scan(next_cut_, file_->committed_bytes, Telling::first_time);
  if (range.end == range.begin) return std::nullopt;
  // What is sent is on the disk before: a range never names bytes that a power loss could change.
  if (file_->synced_bytes < range.end && fdatasync(file_->fd.get()) == 0) {
    file_->synced_bytes = std::max<std::uint64_t>(file_->synced_bytes, range.end);
  }
  const Result<std::size_t> number = ranges_->fix(range.begin, range.end);
  if (!number) {
    observe::log_once_per(complaint_period, observe::LogLevel::error, "a range of the spool cannot be fixed on disk",
                          number.error().message);
    return std::nullopt;
  }
  range.number = *number;
  next_cut_ = range.end;
  if (range.number + 1 >= RangeFile::slots_until_low) file_->ranges_run_low = true;
  return range;
}

ports::BatchRows SpooledSegment::read_again(const CutRange& range) {
  return scan(range.begin, range.end, Telling::again).rows;
}

void SpooledSegment::acknowledge(const CutRange& range) {
  ranges_->acknowledge(range.number);
  spool_.tally.end_waiting(range.end - range.begin);
  note_prefix();
}

void SpooledSegment::put_aside(const CutRange& range) {
  for (std::uint64_t at = range.begin; at < range.end;) {
    const std::string_view bytes = window_at(at, range.end);
    spool_.folder.quarantine(*file_, at, bytes);
    at += bytes.size();
  }
  acknowledge(range);
}

// The rows from begin on, as many as make a batch, all of one month. range.end says how far they reach.
CutRange SpooledSegment::scan(std::uint64_t begin, std::uint64_t limit, Telling telling) {
  CutRange range{.begin = begin, .end = begin, .rows = ports::BatchRows(memory_.shelf)};
  range.rows.reserve(std::min<std::size_t>(batch_rows_max, (limit - begin) / row_bytes_least + 1));
  while (range.end < limit) {
    const std::string_view bytes = window_at(range.end, limit);
    const std::uint64_t window_begin = range.end;
    SegmentReader reader(
        {.bytes = bytes, .offset = window_begin, .seed = file_->seed, .is_end = window_begin + bytes.size() >= limit});
    Finding found = reader.next();
    while (found.what != Finding::What::end && found.what != Finding::What::more) {
      if (!take(found, range, telling)) return range;
      found = reader.next();
    }
    if (range.end == window_begin) return range;  // cannot be: a window holds the largest record
  }
  return range;
}

// False: the batch ends before it, or with it.
bool SpooledSegment::take(const Finding& found, CutRange& range, Telling telling) {
  if (found.what == Finding::What::torn_tail) {
    if (telling == Telling::first_time && file_->closed && found.begin >= next_cut_) cut_torn_tail(found.begin);
    return false;
  }
  UsageRecord& row = range.rows.add();
  if (found.what != Finding::What::record || found.kind != record_kind_usage || !decode_row_into(row, found.payload)) {
    range.rows.drop_last();
    if (telling == Telling::first_time) set_aside_damage(found);
    range.end = found.end;
    return true;
  }
  if (month_of(row.ts) != month_of(range.rows.begin()->ts)) {
    range.rows.drop_last();
    return false;
  }
  range.end = found.end;
  return range.rows.size() < batch_rows_max;
}

std::string_view SpooledSegment::window_at(std::uint64_t begin, std::uint64_t limit) {
  const std::size_t wanted = std::min<std::uint64_t>(limit - begin, window_bytes_max);
  std::vector<char>& window = memory_.window;
  if (window.size() < wanted) window.resize(wanted);
  std::size_t got = 0;
  while (got < wanted) {
    const ssize_t read = pread(file_->fd.get(), window.data() + got, wanted - got, static_cast<off_t>(begin + got));
    if (read < 0 && errno == EINTR) continue;
    if (read > 0) {
      got += static_cast<std::size_t>(read);
      continue;
    }
    // What the disk does not give is damage, and is stepped over like any other.
    observe::log_once_per(complaint_period, observe::LogLevel::error, "a segment of the spool cannot be read",
                          read < 0 ? std::strerror(errno) : "it is shorter than it was");
    const std::size_t lost = std::min(unreadable_step, wanted - got);
    std::memset(window.data() + got, 'x', lost);
    got += lost;
  }
  return {window.data(), got};
}

void SpooledSegment::set_aside_damage(const Finding& found) {
  std::uint64_t kept = 0;
  std::vector<char> bytes(std::min<std::uint64_t>(found.end - found.begin, window_bytes_max));
  const ssize_t got = pread(file_->fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(found.begin));
  if (got > 0) {
    const std::string_view damaged(bytes.data(), static_cast<std::size_t>(got));
    kept = spool_.folder.quarantine(*file_, found.begin, damaged) ? damaged.size() : 0;
  }
  spool_.tally.rows_quarantined(std::max<std::uint64_t>(1, found.records_lost));
  observe::log_once_per(complaint_period, observe::LogLevel::error, "damage in the spool was passed over",
                        to_hex32(file_->id), {{"at", found.begin}, {"bytes", found.end - found.begin}, {"kept", kept}});
}

void SpooledSegment::cut_torn_tail(std::uint64_t begin) {
  const std::uint64_t torn = file_->committed_bytes - begin;
  observe::log(observe::LogLevel::info, "the torn tail of a segment was cut",
               {{"segment", to_hex32(file_->id)}, {"bytes", torn}});
  [[maybe_unused]] const int cut = ftruncate(file_->fd.get(), static_cast<off_t>(begin));
  file_->committed_bytes = begin;
  spool_.tally.end_waiting(torn);
  spool_.tally.give_room(torn);
  note_prefix();
}

std::uint64_t SpooledSegment::count_uncut_rows() {
  std::uint64_t rows = 0;
  const auto count = [&](std::uint64_t begin, std::uint64_t end) {
    while (begin < end) {
      const CutRange part = scan(begin, end, Telling::again);
      if (part.end == begin) return;
      rows += part.rows.size();
      begin = part.end;
    }
  };
  for (const std::size_t number : unsent_)
    count(ranges_->ranges()[number].begin, ranges_->ranges()[number].end);
  count(next_cut_, file_->committed_bytes);
  return rows;
}

std::optional<WallTime> SpooledSegment::oldest() {
  const std::uint64_t at = file_->delivered_bytes;
  const std::uint64_t limit = std::min<std::uint64_t>(file_->committed_bytes, at + record_head_bytes + row_bytes_max);
  if (at >= limit) return std::nullopt;
  SegmentReader reader({.bytes = window_at(at, limit), .offset = at, .seed = file_->seed, .is_end = false});
  const Finding found = reader.next();
  const auto row = found.what == Finding::What::record ? decode_row(found.payload) : std::nullopt;
  return row ? row->ts : created_at(file_->id);
}

}  // namespace obleth::adapters
