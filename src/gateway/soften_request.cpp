#include "gateway/soften_request.hpp"

#include <algorithm>
#include <utility>

namespace obleth::gateway {

Softened soften_request(Admitted admitted) {
  const std::optional<std::int64_t>& by_pressure = admitted.grant.output_cap;
  const std::optional<std::int64_t>& by_limits = admitted.budget.granted().output_cap;
  std::optional<std::int64_t> cap = by_pressure;
  if (by_limits) cap = std::min(*by_limits, by_pressure.value_or(*by_limits));
  if (cap) {
    admitted.record->admission = AdmissionOutcome::brownout;
    admitted.record->brownout_cap = cap;
  }
  return {std::move(admitted), cap};
}

void append_brownout_header(std::string& lines, const Softened& softened) {
  if (!softened.output_cap) return;
  const ports::Reservation& reservation = softened.budget.granted();
  const bool by_limits = reservation.output_cap == softened.output_cap;
  const std::string_view reason = !by_limits                                             ? "saturation"
                                  : reservation.softened_by == ports::SoftenedBy::budget ? "budget"
                                                                                         : "quota";
  lines += "x-obleth-brownout: max_tokens=" + std::to_string(*softened.output_cap) + "; reason=";
  lines += reason;
  lines += "\r\n";
}

}  // namespace obleth::gateway
