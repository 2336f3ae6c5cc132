#include "adapters/os/timer_heap.hpp"

#include <algorithm>
#include <utility>

namespace obleth::adapters {
namespace {

constexpr std::size_t children = 4;

}  // namespace

void TimerHeap::place(std::size_t at, Entry entry) {
  entries_[at] = entry;
  entry.timer->heap_position = at + 1;
}

void TimerHeap::sift_up(std::size_t at, Entry entry) {
  while (at > 0) {
    const std::size_t parent = (at - 1) / children;
    if (entries_[parent].key <= entry.key) break;
    place(at, entries_[parent]);
    at = parent;
  }
  place(at, entry);
}

void TimerHeap::sift_down(std::size_t at, Entry entry) {
  while (true) {
    const std::size_t first = at * children + 1;
    if (first >= entries_.size()) break;
    const std::size_t last = std::min(first + children, entries_.size());
    std::size_t least = first;
    for (std::size_t child = first + 1; child < last; ++child) {
      if (entries_[child].key < entries_[least].key) least = child;
    }
    if (entry.key <= entries_[least].key) break;
    place(at, entries_[least]);
    at = least;
  }
  place(at, entry);
}

void TimerHeap::arm(ports::Timer& timer, Instant due) {
  const Instant former = std::exchange(timer.due, due);
  if (timer.heap_position == 0) {
    if (due == Instant::distant_future()) return;
    entries_.push_back({due, &timer});
    sift_up(entries_.size() - 1, {due, &timer});
    return;
  }
  // Its place is never for later than it was due, and is then not looked at.
  if (due >= former && former != Instant::distant_future()) return;
  const std::size_t at = timer.heap_position - 1;
  if (due < entries_[at].key) sift_up(at, {due, &timer});
}

void TimerHeap::remove_at(std::size_t at) {
  entries_[at].timer->heap_position = 0;
  const Entry moved = entries_.back();
  entries_.pop_back();
  if (at == entries_.size()) return;
  if (at > 0 && moved.key < entries_[(at - 1) / children].key) {
    sift_up(at, moved);
  } else {
    sift_down(at, moved);
  }
}

void TimerHeap::disarm(ports::Timer& timer) {
  if (timer.heap_position == 0) return;
  remove_at(timer.heap_position - 1);
  timer.due = Instant::distant_future();
}

Instant TimerHeap::next_look() const {
  return entries_.empty() ? Instant::distant_future() : entries_.front().key;
}

void TimerHeap::expire(Instant now) {
  // Bounded by what is there now, so that a timer which arms itself for the past cannot hold the loop.
  for (std::size_t looks = entries_.size(); looks > 0 && !entries_.empty(); --looks) {
    const Entry first = entries_.front();
    if (first.key > now) return;
    if (first.timer->due > now) {
      if (first.timer->due == Instant::distant_future()) {
        remove_at(0);
      } else {
        sift_down(0, {first.timer->due, first.timer});
      }
      continue;
    }
    remove_at(0);
    first.timer->due = Instant::distant_future();
    first.timer->expired();
  }
}

}  // namespace obleth::adapters
