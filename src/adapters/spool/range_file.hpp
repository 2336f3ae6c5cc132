// The ranges that a segment is delivered in: fixed on disk before they are first sent, acknowledged one by one.
//
// One file beside each segment, of slots of 32 bytes, room for the first ones taken when the segment is made: a full
// disk does not keep what is on it from being delivered. Ranges follow each other without a gap. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "adapters/os/file_descriptor.hpp"
#include "base/result.hpp"

namespace obleth::adapters {

class RangeFile {
 public:
  static constexpr std::size_t slot_bytes = 32;
  static constexpr std::size_t slots_reserved = 512;
  // Where few rows come, ranges hold few: then its segment ends. The other half has room for the full batches that it
  // may hold by then.
  static constexpr std::size_t slots_until_low = slots_reserved / 2;
  static constexpr std::size_t bytes_reserved = slot_bytes * slots_reserved;

  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool acknowledged = false;
  };

  RangeFile(FileDescriptor file, std::uint32_t seed) : fd_(std::move(file)), seed_(seed) {}

  // Takes the room of a fresh file; errno where that fails, else 0.
  [[nodiscard]] static int reserve(int fd);

  // Of a former process: what it had fixed. A slot that was not written to its end was never sent.
  void load();
  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }
  // Its number. On disk, synced, when this returns well.
  [[nodiscard]] Result<std::size_t> fix(std::uint64_t begin, std::uint64_t end);
  // Not synced: a range that is sent again is known to the sink.
  void acknowledge(std::size_t number);

 private:
  FileDescriptor fd_;
  std::uint32_t seed_;
  std::vector<Range> ranges_;
};

}  // namespace obleth::adapters
