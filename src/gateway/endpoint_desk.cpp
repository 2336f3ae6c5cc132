#include "gateway/endpoint_desk.hpp"

#include <algorithm>

#include "core/resilience/endpoint_choice.hpp"

namespace obleth::gateway {
namespace {
constexpr Duration stream_options_memory = std::chrono::minutes(10);
}

std::optional<EndpointDesk::Choice> EndpointDesk::choose(const Model& model, const std::vector<EndpointId>& tried,
                                                         Instant now) {
  const std::lock_guard lock(mutex_);
  std::size_t chosen = 0;
  if (model.endpoints.size() == 1) {
    if (!model.endpoints.front().enabled) return std::nullopt;
  } else {
    std::vector<resilience::EndpointCandidate> candidates;
    candidates.reserve(model.endpoints.size());
    for (const Endpoint& endpoint : model.endpoints) {
      const Entry& entry = entries_[endpoint.id];
      candidates.push_back({.priority = endpoint.priority,
                            .in_flight = entry.in_flight,
                            .enabled = endpoint.enabled,
                            .admits = entry.health.admits(now),
                            .tries = static_cast<std::uint32_t>(std::ranges::count(tried, endpoint.id)),
                            .ejected_until = entry.health.ejected_until()});
    }
    const auto best = resilience::choose_endpoint(candidates);
    if (!best) return std::nullopt;
    chosen = *best;
  }
  const Endpoint& endpoint = model.endpoints[chosen];
  Entry& entry = entry_of(endpoint);
  if (!entry.address) return std::nullopt;
  std::optional<ModelId> tries_for;
  if (!entry.health.is_healthy()) tries_for = model.id;
  if (tries_for || !unserved_.empty()) tell(model.id, some_endpoint_works(model), now);
  ++entry.in_flight;
  const Probe probe = entry.health.started(now);
  return Choice{&endpoint, entry.address, Visit(*this, endpoint.id, probe, tries_for)};
}

bool EndpointDesk::has_other(const Model& model, const std::vector<EndpointId>& tried, Instant now) {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(model.endpoints, [&](const Endpoint& endpoint) {
    return endpoint.enabled && std::ranges::find(tried, endpoint.id) == tried.end() &&
           entries_[endpoint.id].health.admits(now);
  });
}

void EndpointDesk::look_at(const Model& model, Instant now) {
  const std::lock_guard lock(mutex_);
  tell(model.id, some_endpoint_works(model), now);
}

void EndpointDesk::forget(ModelId model) {
  const std::lock_guard lock(mutex_);
  unserved_.erase(model);
}

// A model without enabled endpoints needs no tries: its requests are refused as they come.
bool EndpointDesk::some_endpoint_works(const Model& model) {
  bool some_enabled = false;
  for (const Endpoint& endpoint : model.endpoints) {
    if (!endpoint.enabled) continue;
    some_enabled = true;
    const Entry& entry = entry_of(endpoint);
    if (entry.answers || entry.health.is_healthy()) return true;
  }
  return !some_enabled;
}

void EndpointDesk::tell(ModelId model, bool works, Instant now) {
  const bool is_news = works ? unserved_.erase(model) > 0 : unserved_.insert(model).second;
  if (is_news && scheduler_ != nullptr) {
    scheduler_->configure(fairshare::SetEligible{.model = model, .eligible = works}, now);
  }
}

void EndpointDesk::note_answer(EndpointId endpoint, ModelId model, Instant now) {
  const std::lock_guard lock(mutex_);
  entries_[endpoint].answers = true;
  tell(model, true, now);
}

// The address is parsed once, and again when an operator has changed the URL.
EndpointDesk::Entry& EndpointDesk::entry_of(const Endpoint& endpoint) {
  Entry& entry = entries_[endpoint.id];
  if (entry.api_base == endpoint.api_base) return entry;
  if (!entry.api_base.empty()) {  // another server: nothing is known of it
    entry.health = {};
    entry.answers = false;
  }
  entry.api_base = endpoint.api_base;
  auto parsed = parse_upstream_address(endpoint.api_base);
  entry.address = parsed ? std::make_shared<const UpstreamAddress>(std::move(*parsed)) : nullptr;
  return entry;
}

void EndpointDesk::leave(const Visit& visit, VisitOutcome outcome, Instant now) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[visit.endpoint_];
  --entry.in_flight;
  if (outcome == VisitOutcome::failed || outcome == VisitOutcome::answered_with_failure) entry.answers = false;
  if (outcome == VisitOutcome::unknown) {
    entry.health.abandoned(visit.probe_);
  } else if (outcome == VisitOutcome::succeeded) {
    entry.health.succeeded(now);
  } else {
    entry.health.failed(now, visit.probe_);
  }
  if (outcome == VisitOutcome::succeeded || outcome == VisitOutcome::answered_with_failure) entry.last_answer = now;
}

void EndpointDesk::note_request() {
  const std::lock_guard lock(mutex_);
  retries_.note_request();
}

bool EndpointDesk::may_retry() {
  const std::lock_guard lock(mutex_);
  return retries_.take_retry();
}

EndpointStanding EndpointDesk::standing(EndpointId endpoint, Instant now) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(endpoint);
  if (found == entries_.end()) return {};
  return {found->second.health.standing(now), found->second.in_flight, found->second.health.ejected_until()};
}

void EndpointDesk::note_probe(EndpointId endpoint, bool alive, Instant now) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[endpoint];
  if (alive) {
    entry.health.probed_alive(now);
  } else {
    entry.health.probed_dead(now);
  }
}

bool EndpointDesk::answered_since(EndpointId endpoint, Instant since) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(endpoint);
  return found != entries_.end() && found->second.last_answer >= since;
}

void EndpointDesk::note_refuses_stream_options(EndpointId endpoint, Instant now) {
  const std::lock_guard lock(mutex_);
  entries_[endpoint].no_stream_options_until = now + stream_options_memory;
}

bool EndpointDesk::refuses_stream_options(EndpointId endpoint, Instant now) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(endpoint);
  return found != entries_.end() && now < found->second.no_stream_options_until;
}

}  // namespace obleth::gateway
