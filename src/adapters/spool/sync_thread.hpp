// Brings what was written to the disk itself, on a thread of its own: nobody waits for it.
//
// What was written within the last `every`, and while the sync before it ran, is the window of a power loss; a process
// that is killed loses nothing. Sleeps while nothing is written. note_write() from any thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "adapters/spool/segment_shelf.hpp"
#include "adapters/spool/spool_folder.hpp"
#include "base/instant.hpp"

namespace obleth::adapters {

class SyncThread {
 public:
  SyncThread(SegmentShelf& shelf, const SpoolFolder& folder, Duration every);
  SyncThread(const SyncThread&) = delete;
  SyncThread& operator=(const SyncThread&) = delete;
  // Syncs what is left.
  ~SyncThread();

  void note_write() {
    if (!dirty_.exchange(true)) wake();
  }

 private:
  void wake();
  void work(const std::stop_token& stop);
  void sync_all();

  SegmentShelf& shelf_;
  const SpoolFolder& folder_;
  const Duration every_;
  std::atomic<bool> dirty_ = false;
  std::mutex mutex_;
  std::condition_variable_any written_;
  SegmentShelf::Segments segments_;  // the thread's own
  std::jthread thread_;              // last: it starts when everything above stands
};

}  // namespace obleth::adapters
