#include "gateway/soften_request.hpp"

#include <algorithm>
#include <utility>

namespace obleth::gateway {
namespace {

// Why the answer is cut: what gave the smallest cap.
std::string_view reason_of(std::int64_t cap, const ports::Reservation& reservation) {
  if (reservation.output_cap != cap) return "saturation";
  return reservation.softened_by == ports::SoftenedBy::budget ? "budget" : "quota";
}

// The cap that pressure asks for, but for one that thinking would use up: its answer would be broken, not shorter.
std::optional<std::int64_t> cap_by_pressure(const Admitted& admitted) {
  const std::optional<std::int64_t> cap = admitted.granted_output_cap;
  const bool thinks = cap && admitted.content && admitted.content->fields.thinking_tokens >= *cap;
  return thinks ? std::nullopt : cap;
}

}  // namespace

std::unique_ptr<Softened> soften_request(Admitted&& admitted) {
  const ports::Reservation& reservation = admitted.budget.granted();
  const std::optional<std::int64_t> by_pressure = cap_by_pressure(admitted);
  const std::optional<std::int64_t>& by_limits = reservation.output_cap;
  std::optional<std::int64_t> cap = by_pressure;
  if (by_limits) cap = std::min(*by_limits, by_pressure.value_or(*by_limits));
  if (cap) {
    UsageRecord& record = *admitted.record;
    record.admission = AdmissionOutcome::brownout;
    record.brownout_cap = cap;
    record.brownout_reason = reason_of(*cap, reservation);
  }
  return std::make_unique<Softened>(std::move(admitted), cap);
}

void append_brownout_header(std::string& lines, const Softened& softened) {
  if (!softened.output_cap) return;
  lines += "x-obleth-brownout: max_tokens=" + std::to_string(*softened.output_cap) + "; reason=";
  lines += softened.record->brownout_reason;
  lines += "\r\n";
}

}  // namespace obleth::gateway
