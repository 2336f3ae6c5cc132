// One segment of the spool as those who write, sync and deliver it share it.
//
// Any thread reads it; who writes which member is said there. Its file is closed when the last of them lets go.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "adapters/os/file_descriptor.hpp"
#include "adapters/spool/segment_format.hpp"
#include "base/strong_id.hpp"

namespace obleth::adapters {

struct SegmentFile {
  SegmentFile(Bits128 segment, FileDescriptor file, std::uint64_t bytes)
      : id(segment), seed(segment_seed(segment)), fd(std::move(file)), committed_bytes(bytes) {}

  const Bits128 id;
  const std::uint32_t seed;
  const FileDescriptor fd;
  bool is_former = false;  // of a process before this one; set before it is shared
  // Whole records end here. The writer's, while it has the segment open; then the delivery's, which cuts a torn tail.
  std::atomic<std::uint64_t> committed_bytes;
  std::atomic<bool> closed = false;                                 // the writer's, last: no further record will come
  std::atomic<std::uint64_t> synced_bytes = 0;                      // the sync thread's
  std::atomic<std::uint64_t> delivered_bytes = segment_head_bytes;  // the delivery's: all before is acknowledged

  std::atomic<bool> ranges_run_low = false;  // the delivery's: the writer goes on in another

  [[nodiscard]] bool all_delivered() const { return delivered_bytes >= committed_bytes; }
};

}  // namespace obleth::adapters
