#include "adapters/spool/sync_thread.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

constexpr Duration complaint_period = std::chrono::minutes(1);

}  // namespace

SyncThread::SyncThread(SegmentShelf& shelf, const SpoolFolder& folder, Duration every)
    : shelf_(shelf), folder_(folder), every_(every), thread_([this](const std::stop_token& stop) { work(stop); }) {}

SyncThread::~SyncThread() {
  thread_.request_stop();
  thread_.join();
}

void SyncThread::wake() {
  const std::lock_guard lock(mutex_);
  written_.notify_one();
}

void SyncThread::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      written_.wait(lock, stop, [this] { return dirty_.load(); });
      // Writes that follow soon go with this one.
      if (every_ > Duration::zero()) written_.wait_for(lock, stop, every_, [] { return false; });
    }
    dirty_ = false;
    sync_all();
  }
  sync_all();
}

void SyncThread::sync_all() {
  const SegmentShelf::Segments fresh = shelf_.take_unsynced();
  if (!fresh.empty()) folder_.sync_names();
  segments_.insert(segments_.end(), fresh.begin(), fresh.end());
  std::erase_if(segments_, [](const std::shared_ptr<SegmentFile>& segment) {
    const bool closed = segment->closed;
    const std::uint64_t committed = segment->committed_bytes;
    if (segment->synced_bytes == committed) return closed;
    if (fdatasync(segment->fd.get()) == 0) {
      segment->synced_bytes = committed;
      return closed;
    }
    observe::log_once_per(complaint_period, observe::LogLevel::error, "the spool cannot be brought to the disk",
                          std::strerror(errno));
    return false;
  });
}

}  // namespace obleth::adapters
