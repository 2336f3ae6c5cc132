#include "app/gauges.hpp"

#include <string>

namespace obleth::app {
namespace {

using observe::GaugeSamples;
using observe::Metric;

double as_gauge(std::int64_t value) {
  return static_cast<double>(value);
}

void show_slots(const fairshare::Snapshot& now, const ports::CatalogSnapshot* catalog, GaugeSamples& samples) {
  samples.set(Metric::capacity_slots, {}, now.capacity);
  samples.set(Metric::in_flight, {}, now.in_flight);
  samples.set(Metric::queued, {}, now.queued);
  if (catalog == nullptr) return;
  for (const fairshare::ModelShare& share : now.models) {
    const auto model = catalog->find(share.model);
    if (!model) continue;
    if (share.max_in_flight) samples.set(Metric::capacity_slots, {model->model_name}, *share.max_in_flight);
    samples.set(Metric::in_flight, {model->model_name}, share.in_flight);
    samples.set(Metric::queued, {model->model_name}, share.queued);
  }
}

void show_shares(const fairshare::Snapshot& now, const TenantNames& names, GaugeSamples& samples) {
  constexpr double whole_ppm = 1'000'000;
  for (const fairshare::NodeShare& tenant : now.tenants) {
    const std::string name = names.name_of(tenant.tenant);
    if (name.empty()) continue;
    samples.set(Metric::fairshare_entitled, {name}, as_gauge(tenant.entitled_ppm) / whole_ppm);
    samples.set(Metric::fairshare_received, {name}, as_gauge(tenant.received_ppm) / whole_ppm);
    samples.set(Metric::fairshare_lag, {name}, as_gauge(tenant.lag));
  }
}

void show_keys(House& house, GaugeSamples& samples) {
  const adapters::KeyDirectoryCounts counts = house.keys.counts();
  samples.set(Metric::key_cache_entries, {}, static_cast<double>(counts.cached));
  samples.set(Metric::key_lookups, {"hit"}, static_cast<double>(counts.hits));
  samples.set(Metric::key_lookups, {"stale"}, static_cast<double>(counts.stale));
  samples.set(Metric::key_lookups, {"miss"}, static_cast<double>(counts.misses + counts.unavailable));
  samples.set(Metric::key_lookups, {"unknown"}, static_cast<double>(counts.unknown));
  samples.set(Metric::failed_keys_throttled, {}, static_cast<double>(house.failed_keys.refused()));
}

// Those that somebody could be sent to.
void show_endpoints(House& house, const ports::CatalogSnapshot* catalog, GaugeSamples& samples) {
  if (catalog == nullptr) return;
  const Instant now = house.clock.now();
  for (const auto& model : catalog->models()) {
    if (!model->enabled) continue;
    for (const Endpoint& endpoint : model->endpoints) {
      if (!endpoint.enabled) continue;
      const auto standing = house.endpoints.standing(endpoint.id, now).standing;
      const bool healthy = standing == resilience::EndpointHealth::Standing::healthy;
      samples.set(Metric::endpoint_healthy, {model->model_name, endpoint.api_base}, healthy ? 1 : 0);
    }
  }
}

}  // namespace

void add_gauges(House& house, const ShareWatch& shares, const TenantNames& names) {
  house.metrics.add_gauges([&house, &shares, &names](GaugeSamples& samples) {
    const fairshare::Snapshot now = shares.snapshot();
    const auto catalog = house.catalog.snapshot();
    show_slots(now, catalog.get(), samples);
    show_shares(now, names, samples);
    if (const auto slots = house.readiness.slots()) {
      samples.set(Metric::leased_slots, {}, slots->lease);
      samples.set(Metric::replicas, {}, slots->replicas);
      samples.set(Metric::unleased_requests, {}, static_cast<double>(now.unleased_grants));
    }
    show_endpoints(house, catalog.get(), samples);
    show_keys(house, samples);
    samples.set(Metric::spool_bytes, {}, static_cast<double>(house.spool->tally.waiting_bytes()));
    if (house.shared_budgets) {
      const std::uint64_t dropped = house.shared_budgets->bookings_dropped.load(std::memory_order_relaxed);
      samples.set(Metric::bookings_dropped, {}, static_cast<double>(dropped));
    }
    samples.set(Metric::spool_oldest, {}, std::chrono::duration<double>(house.spool->tally.oldest()).count());
    for (const auto& [name, store] : house.readiness.stores())
      samples.set(Metric::store_up, {name}, store.up ? 1 : 0);
  });
}

void add_connection_gauges(observe::Metrics& metrics, const adapters::HttpListener& listener, std::string_view name) {
  metrics.add_gauges([&listener, name](GaugeSamples& samples) {
    samples.set(Metric::connections, {name}, static_cast<double>(listener.open_connections()));
    samples.set(Metric::connections_refused, {name}, static_cast<double>(listener.refused_connections()));
  });
}

}  // namespace obleth::app
