// Small blocks of memory that were given back, by size class: what a thread frees it takes again without the heap.
//
// The C library keeps seven blocks of a size for a thread. A loop's turn serves dozens of requests that all take the
// same few dozen blocks before the first is freed, coroutine frames among them, so that nine of ten went to the heap.
// Blocks come from malloc, each of its class's full size; any may as well be freed by free(). Bounded in bytes per
// class. Closed until it is opened: then what is given is not kept. Thread: its owner's.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace obleth {

namespace detail {

// The C library's own sizes, so that rounding up costs nothing: 24, 40, 56, …
inline constexpr std::size_t smallest_block_bytes = 24;
inline constexpr std::size_t block_step_bytes = 16;
constexpr std::size_t block_class_of(std::size_t bytes) {
  return (std::max(bytes, smallest_block_bytes) - smallest_block_bytes + block_step_bytes - 1) / block_step_bytes;
}
constexpr std::size_t block_bytes_of(std::size_t index) {
  return smallest_block_bytes + index * block_step_bytes;
}

}  // namespace detail

class BlockLists {
 public:
  static constexpr std::size_t block_bytes_max = 10 * 1024;  // larger blocks are the heap's business
  static constexpr std::size_t kept_bytes_max = 64 * 1024;   // of each class

  // nullptr: there is no memory.
  [[nodiscard]] void* take(std::size_t bytes) {
    const std::size_t index = detail::block_class_of(bytes);
    if (index >= lists_.size()) return std::malloc(bytes);
    List& list = lists_[index];
    if (list.first == nullptr) return std::malloc(detail::block_bytes_of(index));
    Free* const block = list.first;
    list.first = block->next;
    list.kept_bytes -= detail::block_bytes_of(index);
    return block;
  }

  // bytes: as it was taken. False: it is not kept, and still the caller's.
  [[nodiscard]] bool give(void* block, std::size_t bytes) noexcept {
    const std::size_t index = detail::block_class_of(bytes);
    if (index >= lists_.size()) return false;
    List& list = lists_[index];
    if (list.kept_bytes + detail::block_bytes_of(index) > limit_) return false;
    list.first = new (block) Free{list.first};
    list.kept_bytes += detail::block_bytes_of(index);
    return true;
  }

  void open() { limit_ = kept_bytes_max; }
  void close() {
    limit_ = 0;
    for (List& list : lists_) {
      while (list.first != nullptr)
        std::free(std::exchange(list.first, list.first->next));
      list.kept_bytes = 0;
    }
  }

 private:
  struct Free {
    Free* next;
  };
  struct List {
    Free* first = nullptr;
    std::size_t kept_bytes = 0;
  };
  std::array<List, detail::block_class_of(block_bytes_max) + 1> lists_{};
  std::size_t limit_ = 0;
};

}  // namespace obleth
