// Changes of the configuration that wait to be followed: of each kind one at a time, so that they never fill the
// record's queue, and what is told again before its turn is followed once.
//
// What comes while its kind is being followed makes the next round, so that it is read anew. One loop's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <variant>

#include "base/cancel_signal.hpp"
#include "base/instant.hpp"
#include "base/task.hpp"
#include "ports/change_feed.hpp"
#include "ports/loop.hpp"

namespace obleth::app {

class ChangeQueue {
 public:
  using Follow = std::function<Task<void>(ports::Change)>;
  explicit ChangeQueue(Follow follow) : follow_(std::move(follow)) {}

  void add(const ports::Change& change);
  // Ends when all that was added before has been followed; or when nothing has been for so long.
  [[nodiscard]] Task<void> followed(ports::Loop& loop, Duration quiet_max);

 private:
  struct Round {
    std::set<ports::Change> changes;
    CancelSignal over;
  };
  // Of one kind.
  struct Line {
    std::shared_ptr<Round> running;  // null: nothing is followed
    std::shared_ptr<Round> next = std::make_shared<Round>();
  };
  static constexpr std::size_t kinds = std::variant_size_v<ports::Change>;
  Task<void> follow_all(Line& line);

  Follow follow_;
  std::array<Line, kinds> lines_;
  std::uint64_t followed_count_ = 0;
};

}  // namespace obleth::app
