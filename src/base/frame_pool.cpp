#include "base/frame_pool.hpp"

#include <array>
#include <new>

namespace obleth::frame_pool {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    (defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)))
constexpr bool pooled = false;
#else
constexpr bool pooled = true;
#endif

struct FreeFrame {
  FreeFrame* next;
};

struct FreeList {
  FreeFrame* head = nullptr;
  std::size_t count = 0;
};

class FreeLists {
 public:
  ~FreeLists() {
    for (FreeList& list : lists_) {
      while (list.head != nullptr) {
        FreeFrame* frame = list.head;
        list.head = frame->next;
        ::operator delete(frame);
      }
    }
    closed = true;
  }
  FreeList& of_class(std::size_t index) { return lists_[index]; }
  // Set when the thread ends: frames freed after that go straight to the heap.
  static thread_local bool closed;

 private:
  std::array<FreeList, class_count> lists_{};
};

thread_local bool FreeLists::closed = false;
thread_local FreeLists free_lists;

std::size_t class_of(std::size_t bytes) {
  return (bytes + class_bytes - 1) / class_bytes - 1;
}

}  // namespace

void* take(std::size_t bytes) {
  const std::size_t index = class_of(bytes);
  if (!pooled || index >= class_count) return ::operator new(bytes);
  if (FreeLists::closed) return ::operator new((index + 1) * class_bytes);
  FreeList& list = free_lists.of_class(index);
  if (list.head == nullptr) return ::operator new((index + 1) * class_bytes);
  FreeFrame* frame = list.head;
  list.head = frame->next;
  --list.count;
  return frame;
}

void give(void* frame, std::size_t bytes) noexcept {
  const std::size_t index = class_of(bytes);
  if (!pooled || index >= class_count || FreeLists::closed) {
    ::operator delete(frame);
    return;
  }
  FreeList& list = free_lists.of_class(index);
  if (list.count >= frames_kept_max) {
    ::operator delete(frame);
    return;
  }
  list.head = new (frame) FreeFrame{list.head};
  ++list.count;
}

}  // namespace obleth::frame_pool
