// Stage 12, report: the counters and the log line of a request that ended. Connection's thread; never waits.
#pragma once

#include "domain/usage_record.hpp"
#include "gateway/refuse.hpp"
#include "observe/metrics.hpp"

namespace obleth::gateway {

void report_usage(const UsageRecord& record, observe::Metrics& metrics);

// A request that a stage refused. One without a tenant (401 and worse) is counted and logged, and belongs to nobody.
void report_refusal(UsageRecord record, const Refusal& refusal, observe::Metrics& metrics);

}  // namespace obleth::gateway
