// Version-4 UUIDs (RFC 9562) that rise as long as their time stands still.
//
// Lists are ordered by time and id: rows that one process makes in one millisecond are told in the order in which they
// were made, not in that of chance. Thread: any.
#pragma once

#include <mutex>
#include <optional>

#include "base/instant.hpp"
#include "base/strong_id.hpp"

namespace obleth::admin {

class RisingIds {
 public:
  // at: the time of the row that gets the id. random: a version-4 UUID, which the id is, or is derived from.
  [[nodiscard]] Bits128 next(WallTime at, Bits128 random);

 private:
  std::mutex mutex_;
  std::optional<WallTime> at_;  // of the last one; under mutex_
  Bits128 last_;                // under mutex_
};

}  // namespace obleth::admin
