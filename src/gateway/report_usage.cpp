#include "gateway/report_usage.hpp"

#include <utility>

#include "observe/request_log.hpp"

namespace obleth::gateway {

void report_usage(UsageRecord record, Reporting reporting) {
  reporting.metrics.count_request(record);
  observe::log_request(record);
  if (!record.tenant_id.is_nil()) reporting.sink.take(std::move(record));
}

void report_refusal(UsageRecord record, const Refusal& refusal, Reporting reporting) {
  record.status = refusal.status;
  record.error_code = name_of(refusal);
  // A client that left was not refused.
  if (!refusal.client_gone) {
    record.admission = AdmissionOutcome::refused;
    if (!record.tenant.empty()) reporting.metrics.count_refusal(record.tenant, name_of(refusal));
  }
  report_usage(std::move(record), reporting);
}

}  // namespace obleth::gateway
