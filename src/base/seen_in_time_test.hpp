// For tests that wait for another process: the one loop of the unit tests that looks again and again. Thread: any.
#pragma once

#include <poll.h>

#include <chrono>

namespace obleth {

// True when `seen` said so in time; generous, as the machine may be busy.
template <class Seen>
[[nodiscard]] bool seen_in_time(Seen seen) {
  for (const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(240);
       std::chrono::steady_clock::now() < until; ::poll(nullptr, 0, 5)) {
    if (seen()) return true;
  }
  return false;
}

}  // namespace obleth
