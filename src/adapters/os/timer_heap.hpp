// Timers in a 4-ary heap keyed by the time they were armed for; moving a timer later costs nothing.
//
// A timer that moves later keeps its old place and is put right when that place comes up. arm(distant_future) is
// therefore the cheap way to switch a timer off that will soon be armed again; disarm() really removes it, as a
// destructor must. Thread: its loop's.
#pragma once

#include <cstddef>
#include <vector>

#include "base/instant.hpp"
#include "ports/loop.hpp"

namespace obleth::adapters {

class TimerHeap {
 public:
  void arm(ports::Timer& timer, Instant due);
  void disarm(ports::Timer& timer);
  // When next to look; distant_future when there is nothing to wait for. Never later than the earliest due time.
  [[nodiscard]] Instant next_look() const;
  // Runs expired() of every timer that is due. Timers armed meanwhile for a time already past wait for the next call.
  void expire(Instant now);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Instant key;
    ports::Timer* timer;
  };
  void place(std::size_t at, Entry entry);
  void sift_up(std::size_t at, Entry entry);
  void sift_down(std::size_t at, Entry entry);
  void remove_at(std::size_t at);

  std::vector<Entry> entries_;
};

}  // namespace obleth::adapters
