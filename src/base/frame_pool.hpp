// Memory for coroutine frames: free lists per thread by size class, so a request allocates nothing once warm.
//
// Off under sanitizers, which then see every use after free. A frame may be freed on another thread than it was made
// on; it joins that thread's lists. Bounded: at most frames_kept_max frames of each class are kept.
#pragma once

#include <cstddef>

namespace obleth::frame_pool {

inline constexpr std::size_t class_bytes = 128;  // frames are rounded up to a multiple of this
inline constexpr std::size_t class_count = 80;   // up to 10 KiB; larger frames come from the heap
inline constexpr std::size_t frames_kept_max = 256;

[[nodiscard]] void* take(std::size_t bytes);
void give(void* frame, std::size_t bytes) noexcept;

}  // namespace obleth::frame_pool
