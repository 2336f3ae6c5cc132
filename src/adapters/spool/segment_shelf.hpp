// Where writers leave what they write, for the thread that syncs it and the one that delivers it.
//
// Any thread. A segment stands here until it is taken; who took it keeps it alive.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "adapters/spool/segment_file.hpp"

namespace obleth::adapters {

class SegmentShelf {
 public:
  using Segments = std::vector<std::shared_ptr<SegmentFile>>;

  void put(const std::shared_ptr<SegmentFile>& segment) {
    const std::lock_guard lock(mutex_);
    undelivered_.push_back(segment);
    unsynced_.push_back(segment);
  }
  [[nodiscard]] Segments take_undelivered() {
    const std::lock_guard lock(mutex_);
    return std::exchange(undelivered_, {});
  }
  [[nodiscard]] Segments take_unsynced() {
    const std::lock_guard lock(mutex_);
    return std::exchange(unsynced_, {});
  }

 private:
  std::mutex mutex_;
  Segments undelivered_;
  Segments unsynced_;
};

}  // namespace obleth::adapters
