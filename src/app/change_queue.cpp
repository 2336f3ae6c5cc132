#include "app/change_queue.hpp"

#include <algorithm>

namespace obleth::app {

void ChangeQueue::add(const ports::Change& change) {
  Line& line = lines_[change.index()];
  line.next->changes.insert(change);
  if (line.running == nullptr) spawn(follow_all(line));
}

Task<void> ChangeQueue::follow_all(Line& line) {
  while (!line.next->changes.empty()) {
    line.running = std::exchange(line.next, std::make_shared<Round>());
    for (const ports::Change& change : line.running->changes) {
      Task<void> following = follow_(change);
      co_await following;
      ++followed_count_;
    }
    line.running->over.fire();
  }
  line.running.reset();
}

Task<void> ChangeQueue::followed(ports::Loop& loop, Duration quiet_max) {
  std::array<std::shared_ptr<Round>, kinds> rounds;
  std::ranges::transform(lines_, rounds.begin(),
                         [](const Line& line) { return line.next->changes.empty() ? line.running : line.next; });
  for (const std::shared_ptr<Round>& round : rounds) {
    while (round != nullptr && !round->over.fired()) {
      const std::uint64_t before = followed_count_;
      const bool late = co_await ports::Pause(loop, loop.now() + quiet_max, &round->over);
      if (late && followed_count_ == before) co_return;
    }
  }
}

}  // namespace obleth::app
