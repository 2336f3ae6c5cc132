// Where the row of a request that ended is kept before anything else sees it: the write-ahead log of the ledger.
//
// One per event loop, used on that loop's thread only.
#pragma once

#include "base/task.hpp"
#include "domain/usage_record.hpp"

namespace obleth::ports {

class UsageJournal {
 public:
  virtual ~UsageJournal() = default;
  // Returns when the row outlives this process, or was dropped and counted: the request goes on either way. Rows that
  // end in one turn of the loop leave in one write, at its end. Never waits for a disk's fsync or for the ledger.
  virtual Task<void> keep(const UsageRecord& record) = 0;
};

}  // namespace obleth::ports
