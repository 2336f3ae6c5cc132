// The spool's folder: locked against a second process, its segments listed, made and deleted, damage put aside.
//
//   <folder>/<segment>.seg      records       <folder>/<segment>.rng      the ranges that they are delivered in
//   <folder>/quarantine/<segment>-<offset>    bytes that were no records, or that the sink would never take
// Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/os/file_descriptor.hpp"
#include "adapters/spool/range_file.hpp"
#include "adapters/spool/segment_file.hpp"
#include "adapters/spool/spool_settings.hpp"
#include "base/result.hpp"

namespace obleth::adapters {

class SpoolFolder {
 public:
  explicit SpoolFolder(const SpoolSettings& settings) : settings_(settings) {}

  // Makes and locks it; a call that succeeds after one that did not, or the first, lists what a former process left.
  // Faults: conflict (another process has it), unavailable (it cannot be made or read now).
  [[nodiscard]] Result<void> open();
  [[nodiscard]] bool is_open() const { return opened_; }
  // Of former processes, oldest first, closed; given once.
  [[nodiscard]] std::vector<std::shared_ptr<SegmentFile>> take_former();

  // The errno when it cannot be made now.
  [[nodiscard]] std::expected<std::shared_ptr<SegmentFile>, int> make_segment(Bits128 id);
  [[nodiscard]] Result<std::unique_ptr<RangeFile>> open_ranges(const SegmentFile& segment);
  void remove(const SegmentFile& segment);
  void sync_names() const;  // what was made is found again after a power loss
  // False: not kept, as the quarantine is full or cannot be written.
  bool quarantine(const SegmentFile& segment, std::uint64_t offset, std::string_view bytes);

 private:
  [[nodiscard]] Result<void> list_former();
  [[nodiscard]] std::shared_ptr<SegmentFile> open_former(const std::string& name);

  const SpoolSettings settings_;
  std::mutex mutex_;  // guards opening and quarantine
  FileDescriptor folder_;
  std::atomic<bool> opened_ = false;
  std::vector<std::shared_ptr<SegmentFile>> former_;
};

}  // namespace obleth::adapters
