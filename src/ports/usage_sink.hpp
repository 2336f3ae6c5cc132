// Where the rows of the write-ahead log are delivered to: the ledger that is asked later.
//
// The same batch may come again, after a crash or an answer that was lost; its rows are in the ledger once.
#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "base/strong_id.hpp"
#include "base/task.hpp"
#include "ports/batch_rows.hpp"

namespace obleth::ports {

// A range of the write-ahead log, fixed on disk before it is first sent. Half open, in bytes of one segment.
struct JournalRange {
  Bits128 segment;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool operator==(const JournalRange&) const = default;
};

struct UsageBatch {
  JournalRange range;
  BatchRows rows;  // all of one month (UTC), by their ts
};

class UsageSink {
 public:
  virtual ~UsageSink() = default;
  // Success: the rows and what is summed of them are committed, now or earlier. On the delivery loop's thread; several
  // at a time. A fault means that the batch is sent again later, unless its kind is invalid: then it never fits.
  virtual Task<Result<void>> deliver(UsageBatch batch) = 0;
};

}  // namespace obleth::ports
