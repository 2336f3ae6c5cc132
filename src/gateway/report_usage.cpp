#include "gateway/report_usage.hpp"

#include "observe/request_log.hpp"

namespace obleth::gateway {

void report_usage(const UsageRecord& record, observe::Metrics& metrics) {
  metrics.count_request(record);
  observe::log_request(record);
}

void report_refusal(UsageRecord& record, const Refusal& refusal, observe::Metrics& metrics) {
  record.status = refusal.status;
  record.error_code = name_of(refusal);
  record.usage_source = UsageSource::counted;  // of nothing
  // A client that left was not refused, nor a request whose upstream failed it.
  if (!refusal.client_gone && !refusal.was_admitted) {
    record.admission = AdmissionOutcome::refused;
    if (!record.tenant.empty()) metrics.count_refusal(record.tenant, name_of(refusal));
  }
  report_usage(record, metrics);
}

void report_refused_head(const ports::RefusedHead& refused, WallTime at, observe::Metrics& metrics) {
  UsageRecord record;
  record.event_id = EventId{refused.id};
  record.ts = at;
  record.admission = AdmissionOutcome::refused;
  record.status = refused.status;
  record.error_code = refused.error;
  metrics.count_request(record);
  observe::log_refused_head(record, refused.reason, refused.client_address);
}

bool belongs_to_a_key(const UsageRecord& record) {
  return !record.key_id.is_nil();
}

}  // namespace obleth::gateway
