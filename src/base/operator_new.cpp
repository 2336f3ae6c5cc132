// The program's operator new and delete: a thread's own BlockLists before the heap. Over-aligned types stay with the
// heap, and whatever is freed without its size goes there. Off under sanitizers, which see every use after free.
#include <cstdlib>
#include <new>

#include "base/block_lists.hpp"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !(defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)))

namespace obleth {
namespace {

constinit thread_local BlockLists blocks;  // without a destructor: it is used to the thread's very end

struct ThreadsLife {
  ThreadsLife() { blocks.open(); }
  ~ThreadsLife() { blocks.close(); }
};

}  // namespace
}  // namespace obleth

void* operator new(std::size_t bytes) {
  void* const block = obleth::blocks.take(bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void operator delete(void* block) noexcept {
  std::free(block);
}

void operator delete(void* block, std::size_t bytes) noexcept {
  if (block == nullptr || obleth::blocks.give(block, bytes)) return;
  static thread_local const obleth::ThreadsLife life;  // opens the lists at the thread's first delete
  std::free(block);
}

#endif
