// The read buffers of one thread. A connection borrows one while bytes are in it; an idle connection holds none.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace obleth::adapters {

class ReadBuffers {
 public:
  static constexpr std::size_t buffer_bytes = 64 * 1024;
  static constexpr std::size_t kept_max = 8;  // free ones; more go back to the heap

  using Buffer = std::unique_ptr<char[]>;

  [[nodiscard]] Buffer take() {
    if (free_.empty()) return std::make_unique_for_overwrite<char[]>(buffer_bytes);
    Buffer buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }
  void give(Buffer buffer) {
    if (buffer != nullptr && free_.size() < kept_max) free_.push_back(std::move(buffer));
  }

 private:
  std::vector<Buffer> free_;
};

}  // namespace obleth::adapters
