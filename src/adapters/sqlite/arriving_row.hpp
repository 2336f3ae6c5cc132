// A row of a delivery on its way into the ledger's tables.
#pragma once

#include <cstdint>

#include "adapters/sqlite/usage_dictionary.hpp"
#include "domain/usage_record.hpp"

namespace obleth::adapters {

struct ArrivingRow {
  const UsageRecord* record = nullptr;
  UsageNumbers numbers;
  std::int64_t place = 0;  // usage_schema.hpp
  bool is_new = false;     // the ledger took it
};

}  // namespace obleth::adapters
