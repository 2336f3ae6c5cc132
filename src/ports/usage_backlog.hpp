// What was kept and is not in the ledger yet. For those who are about to ask the ledger, and for the exit.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace obleth::ports {

class UsageBacklog {
 public:
  virtual ~UsageBacklog() = default;
  // Returns when every row that was kept before the call is in the ledger. Faults: unavailable, as soon as the ledger
  // refuses a batch meanwhile; timed_out, after at_most. What is not delivered stays where it is. Any loop's thread.
  virtual Task<Result<void>> delivered(Duration at_most) = 0;
};

}  // namespace obleth::ports
