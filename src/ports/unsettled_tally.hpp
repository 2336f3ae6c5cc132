// How many requests hold a reservation that is not settled, where the end of the process does not lose it: what a crash
// left unbilled is told at the next start. Any thread; never waits.
#pragma once

namespace obleth::ports {

class UnsettledTally {
 public:
  virtual ~UnsettledTally() = default;
  virtual void began() = 0;
  virtual void ended() = 0;
};

}  // namespace obleth::ports
