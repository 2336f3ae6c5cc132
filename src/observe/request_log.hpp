// One line of the log for every request that ended. Any thread.
#pragma once

#include <string_view>

#include "domain/usage_record.hpp"

namespace obleth::observe {

// At info. Names, counts and times; the client's own request id is free text and stays in the ledger.
void log_request(const UsageRecord& record);
// Of a head that was refused before anything could be read of it. reason: static text.
void log_refused_head(const UsageRecord& record, std::string_view reason, std::string_view client_address);

}  // namespace obleth::observe
