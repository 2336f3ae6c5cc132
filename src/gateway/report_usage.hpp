// Stage 12, report: the row, the counters and the log line of a request that ended. Connection's thread; never waits.
#pragma once

#include "domain/usage_record.hpp"
#include "gateway/refuse.hpp"
#include "observe/metrics.hpp"
#include "ports/usage_sink.hpp"

namespace obleth::gateway {

struct Reporting {
  observe::Metrics& metrics;
  ports::UsageSink& sink;
};

void report_usage(UsageRecord record, Reporting reporting);

// A request that a stage refused. One without a tenant (401 and worse) is counted and logged, and has no row.
void report_refusal(UsageRecord record, const Refusal& refusal, Reporting reporting);

}  // namespace obleth::gateway
