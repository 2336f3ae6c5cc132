#include "core/resilience/endpoint_health.hpp"

#include <algorithm>

namespace obleth::resilience {
namespace {

std::int64_t whole_seconds(Instant at) {
  return std::chrono::duration_cast<std::chrono::seconds>(at.since_start()).count();
}

}  // namespace

EndpointHealth::Standing EndpointHealth::standing(Instant now) const {
  if (!ejected_) return Standing::healthy;
  if (probing_ != Probe::none) return Standing::probing;
  return now < ejected_until_ ? Standing::ejected : Standing::awaiting_probe;
}

bool EndpointHealth::admits(Instant now) const {
  const Standing current = standing(now);
  return current == Standing::healthy || current == Standing::awaiting_probe;
}

EndpointHealth::Probe EndpointHealth::started(Instant now) {
  if (standing(now) != Standing::awaiting_probe) return Probe::none;
  probing_ = Probe{++probes_};
  return probing_;
}

void EndpointHealth::succeeded(Instant now) {
  ++second_of(now).total;
  failures_in_row_ = 0;
  dead_probes_in_row_ = 0;
  if (ejected_ && now < ejected_until_) return;
  ejections_ = 0;
  if (!ejected_) return;
  ejected_ = false;
  probing_ = Probe::none;
  window_ = {};
}

void EndpointHealth::failed(Instant now, Probe probe) {
  Second& second = second_of(now);
  ++second.total;
  ++second.failed;
  ++failures_in_row_;
  if (ejected_) {
    // Only the probe's failure prolongs: requests that were sent before the ejection say nothing new.
    if (probe != Probe::none && probe == probing_) eject(now);
    return;
  }
  if (failures_in_row_ >= failures_in_row_max || window_is_bad(now)) eject(now);
}

void EndpointHealth::probed_alive(Instant now) {
  dead_probes_in_row_ = 0;
  if (!ejected_ || !ejected_by_probes_ || now < ejected_until_) return;
  ejected_ = false;
  probing_ = Probe::none;
}

void EndpointHealth::probed_dead(Instant now) {
  ++dead_probes_in_row_;
  const bool is_time = ejected_ ? now >= ejected_until_ : dead_probes_in_row_ >= failures_in_row_max;
  if (!is_time) return;
  eject(now);
  ejected_by_probes_ = true;
}

EndpointHealth::Second& EndpointHealth::second_of(Instant now) {
  const std::int64_t at = whole_seconds(now);
  Second& second = window_[static_cast<std::size_t>(at) % window_secs];
  if (second.at != at) second = {.at = at};
  return second;
}

bool EndpointHealth::window_is_bad(Instant now) const {
  const std::int64_t oldest = whole_seconds(now) - static_cast<std::int64_t>(window_secs);
  std::uint32_t total = 0;
  std::uint32_t failed = 0;
  for (const Second& second : window_) {
    if (second.at <= oldest) continue;
    total += second.total;
    failed += second.failed;
  }
  return total >= window_requests_min && failed * 2 >= total;
}

void EndpointHealth::eject(Instant now) {
  const Duration span = ejection_first * (1LL << std::min<std::uint32_t>(ejections_, 16));
  ++ejections_;
  ejected_ = true;
  ejected_by_probes_ = false;
  probing_ = Probe::none;
  ejected_until_ = now + std::min(span, ejection_longest);
}

}  // namespace obleth::resilience
