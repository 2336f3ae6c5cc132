// One segment as the delivery sees it: which ranges are fixed, sent, acknowledged, and what is still to be cut.
//
// Thread: the delivery's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "adapters/spool/range_file.hpp"
#include "adapters/spool/segment_reader.hpp"
#include "adapters/spool/spool.hpp"
#include "base/instant.hpp"
#include "ports/batch_rows.hpp"

namespace obleth::adapters {

inline constexpr std::size_t batch_rows_max = 10'000;

// A range and the rows that stand in it, of one month by their ts.
struct CutRange {
  std::size_t number = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  ports::BatchRows rows;
};

class SpooledSegment {
 public:
  // What all segments of a delivery are read with.
  struct Memory {
    std::vector<char> window;  // what is being read
    std::shared_ptr<ports::RowShelf> shelf = std::make_shared<ports::RowShelf>();
  };

  // Null: its ranges cannot be opened now, so nothing of it can be delivered yet.
  [[nodiscard]] static std::shared_ptr<SpooledSegment> open(Spool& spool, std::shared_ptr<SegmentFile> file,
                                                            Memory& memory);
  SpooledSegment(Spool& spool, std::shared_ptr<SegmentFile> file, std::unique_ptr<RangeFile> ranges, Memory& memory);

  [[nodiscard]] const SegmentFile& file() const { return *file_; }
  // Written by a later version: left alone until that is back.
  [[nodiscard]] bool is_foreign() const { return foreign_; }
  [[nodiscard]] std::uint64_t uncut_bytes() const { return file_->committed_bytes - next_cut_; }
  [[nodiscard]] bool has_more() const { return !unsent_.empty() || uncut_bytes() > 0; }
  // Closed, and every range acknowledged: it can be deleted.
  [[nodiscard]] bool is_over() const;

  // The next range to send, fixed on disk; what a former process had fixed comes first, as it was. nullopt: none, or it
  // cannot be fixed now.
  [[nodiscard]] std::optional<CutRange> next_range();
  // The same rows once more.
  [[nodiscard]] ports::BatchRows read_again(const CutRange& range);
  void acknowledge(const CutRange& range);
  // The sink will never take it: its bytes are put aside.
  void put_aside(const CutRange& range);
  // Rows that were not given out yet.
  [[nodiscard]] std::uint64_t count_uncut_rows();
  // None of it will be delivered any more.
  void abandon() { file_->delivered_bytes = file_->committed_bytes.load(); }
  [[nodiscard]] std::uint64_t undelivered_bytes() const;
  // Of the first row that is not acknowledged.
  [[nodiscard]] std::optional<WallTime> oldest();
  Instant cut_at;  // when a range was last cut; the delivery's

 private:
  enum class Telling : std::uint8_t { first_time, again };  // damage is put aside and counted once
  [[nodiscard]] CutRange scan(std::uint64_t begin, std::uint64_t limit, Telling telling);
  [[nodiscard]] bool take(const Finding& found, CutRange& range, Telling telling);
  [[nodiscard]] std::string_view window_at(std::uint64_t begin, std::uint64_t limit);
  void judge_head();
  void set_aside_damage(const Finding& found);
  void cut_torn_tail(std::uint64_t begin);
  void note_prefix();

  Spool& spool_;
  std::shared_ptr<SegmentFile> file_;
  std::unique_ptr<RangeFile> ranges_;
  std::deque<std::size_t> unsent_;  // fixed by a former process
  std::uint64_t next_cut_ = segment_head_bytes;
  std::size_t acknowledged_before_ = 0;  // ranges with lower numbers are acknowledged
  bool foreign_ = false;
  Memory& memory_;
};

}  // namespace obleth::adapters
