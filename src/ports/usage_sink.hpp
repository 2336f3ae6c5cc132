// Where the rows of the usage ledger go when a request has ended. Any thread; never waits, never fails for the caller.
#pragma once

#include "domain/usage_record.hpp"

namespace obleth::ports {

class UsageSink {
 public:
  virtual ~UsageSink() = default;
  virtual void take(UsageRecord record) = 0;
};

}  // namespace obleth::ports
