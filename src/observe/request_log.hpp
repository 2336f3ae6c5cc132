// One line of the log for every request that ended. Any thread.
#pragma once

#include "domain/usage_record.hpp"

namespace obleth::observe {

// At info. Names, counts and times; the client's own request id is free text and stays in the ledger.
void log_request(const UsageRecord& record);

}  // namespace obleth::observe
