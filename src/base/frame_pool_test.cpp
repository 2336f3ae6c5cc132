#include "base/frame_pool.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

namespace obleth {
namespace {

struct Frame {
  void* at;
  std::size_t bytes;
};

Frame take_filled(std::size_t bytes, unsigned char filling) {
  void* frame = frame_pool::take(bytes);
  std::memset(frame, filling, bytes);
  return {frame, bytes};
}

bool is_filled(const Frame& frame, unsigned char filling) {
  const auto* bytes = static_cast<const unsigned char*>(frame.at);
  for (std::size_t at = 0; at < frame.bytes; ++at) {
    if (bytes[at] != filling) return false;
  }
  return true;
}

constexpr std::size_t largest_pooled = frame_pool::class_bytes * frame_pool::class_count;

TEST(FramePool, FramesInUseNeverOverlap) {
  std::vector<Frame> frames;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t bytes = 1; bytes <= largest_pooled + 300; bytes += 61)
      frames.push_back(take_filled(bytes, static_cast<unsigned char>(frames.size())));
    for (std::size_t at = 0; at < frames.size(); ++at)
      EXPECT_TRUE(is_filled(frames[at], static_cast<unsigned char>(at))) << "frame " << at;
    for (const Frame& frame : frames)
      frame_pool::give(frame.at, frame.bytes);
    frames.clear();
  }
}

TEST(FramePool, MoreFramesThanAreKeptMayBeGivenBack) {
  std::vector<Frame> frames;
  for (std::size_t count = 0; count < frame_pool::frames_kept_max * 2; ++count)
    frames.push_back(take_filled(200, 1));
  for (const Frame& frame : frames)
    frame_pool::give(frame.at, frame.bytes);
  const Frame again = take_filled(200, 2);
  EXPECT_TRUE(is_filled(again, 2));
  frame_pool::give(again.at, again.bytes);
}

TEST(FramePool, FrameMayBeGivenBackOnAnotherThread) {
  std::vector<Frame> frames;
  std::jthread([&frames] {
    for (std::size_t bytes : {10U, 128U, 129U, 5000U})
      frames.push_back(take_filled(bytes, 3));
  }).join();
  for (const Frame& frame : frames) {
    EXPECT_TRUE(is_filled(frame, 3));
    frame_pool::give(frame.at, frame.bytes);
  }
}

// Destroyed after the thread's free lists when it was made before them.
struct LateFrame {
  Frame frame{};
  ~LateFrame() {
    if (frame.at != nullptr) frame_pool::give(frame.at, frame.bytes);
  }
};

TEST(FramePool, FrameMayOutliveItsThreadsLists) {
  std::jthread([] {
    static thread_local LateFrame late;
    late.frame.at = nullptr;
    late.frame = take_filled(100, 4);
    EXPECT_TRUE(is_filled(late.frame, 4));
  }).join();
}

}  // namespace
}  // namespace obleth
