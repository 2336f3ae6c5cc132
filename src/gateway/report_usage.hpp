// Stage 12, report: the counters, the log line and the ledger's row of a request that ended. Connection's thread.
#pragma once

#include "domain/usage_record.hpp"
#include "gateway/refuse.hpp"
#include "observe/metrics.hpp"

namespace obleth::gateway {

void report_usage(const UsageRecord& record, observe::Metrics& metrics);

// A request that a stage refused; fills in how it ended.
void report_refusal(UsageRecord& record, const Refusal& refusal, observe::Metrics& metrics);

// A head that no stage has seen, as the listener refused it: no route, and nobody's.
void report_refused_head(const ports::RefusedHead& refused, WallTime at, observe::Metrics& metrics);

// Whether it has a row in the ledger. One whose key is not known (401) is counted and logged, and belongs to nobody.
[[nodiscard]] bool belongs_to_a_key(const UsageRecord& record);

}  // namespace obleth::gateway
