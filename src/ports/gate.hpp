// What many wait for and happens once: whoever waits is resumed on the loop of its own. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "ports/handover.hpp"

namespace obleth::ports {

class Gate {
 public:
  // What was written before is seen by everybody who is let through. The second call has no effect.
  void open();
  // False: it is open, nothing will wake the handover.
  [[nodiscard]] bool wait(const std::shared_ptr<Handover>& waiter);

 private:
  std::mutex mutex_;
  bool open_ = false;
  std::vector<std::shared_ptr<Handover>> waiters_;
};

}  // namespace obleth::ports
