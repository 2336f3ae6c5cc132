// One write at a time: a change reads the record, changes what it names and commits, and nothing comes between.
//
// Turns are given in the order of arrival. A waiter that is destroyed gives up its place. Thread: any; a waiter resumes
// on its own loop. Waiting needs a loop; bounded by the listener's connections.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "base/task.hpp"

namespace obleth::admin {

class WriteGate {
 public:
  // Held while the write goes on; given back by the destructor.
  class Turn {
   public:
    explicit Turn(WriteGate& gate) : gate_(&gate) {}
    Turn(Turn&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    WriteGate* gate_;
  };

  Task<Turn> enter();

 private:
  struct Place;
  class Waiting;

  // Null: the gate is the caller's at once.
  std::shared_ptr<Place> queue_up();
  // True: the place had its turn already.
  bool give_up(const std::shared_ptr<Place>& place);
  void leave();

  std::mutex mutex_;
  bool taken_ = false;                        // under mutex_
  std::deque<std::shared_ptr<Place>> queue_;  // under mutex_
};

}  // namespace obleth::admin
