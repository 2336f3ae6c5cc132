#include "app/gauges.hpp"

#include <memory>
#include <unordered_map>

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

// Between two scrapes: what each tenant was entitled to by its weight, and what it received.
class ShareGauges {
 public:
  void show(const fairshare::Snapshot& now, const TenantNames& names, GaugeSamples& samples) {
    std::int64_t weights = 0;
    std::int64_t received = 0;
    for (const fairshare::NodeShare& node : now.tenants) {
      if (node.in_flight + node.queued > 0) weights += node.weight;
      received += received_by(node);
    }
    std::unordered_map<TenantId, std::int64_t> settled;
    for (const fairshare::NodeShare& node : now.tenants) {
      settled.emplace(node.tenant, node.settled_cost.value);
      const std::string name = names.name_of(node.tenant);
      if (name.empty()) continue;
      const bool contends = node.in_flight + node.queued > 0;
      const double entitled = contends && weights > 0 ? as_gauge(node.weight) / as_gauge(weights) : 0;
      const double share = received > 0 ? as_gauge(received_by(node)) / as_gauge(received) : 0;
      samples.set(Metric::fairshare_entitled, {name}, entitled);
      samples.set(Metric::fairshare_received, {name}, share);
      samples.set(Metric::fairshare_lag, {name}, as_gauge(node.lag));
    }
    settled_before_ = std::move(settled);
  }

 private:
  [[nodiscard]] std::int64_t received_by(const fairshare::NodeShare& node) const {
    const auto before = settled_before_.find(node.tenant);
    return node.settled_cost.value - (before == settled_before_.end() ? 0 : before->second);
  }
  std::unordered_map<TenantId, std::int64_t> settled_before_;
};

void show_keys(House& house, GaugeSamples& samples) {
  const adapters::KeyDirectoryCounts counts = house.keys.counts();
  samples.set(Metric::key_cache_entries, {}, static_cast<double>(counts.cached));
  samples.set(Metric::key_lookups, {"hit"}, static_cast<double>(counts.hits));
  samples.set(Metric::key_lookups, {"stale"}, static_cast<double>(counts.stale));
  samples.set(Metric::key_lookups, {"miss"}, static_cast<double>(counts.misses + counts.unavailable));
  samples.set(Metric::key_lookups, {"unknown"}, static_cast<double>(counts.unknown));
  samples.set(Metric::failed_keys_throttled, {}, static_cast<double>(house.failed_keys.refused()));
}

void show_endpoints(House& house, const ports::CatalogSnapshot* catalog, GaugeSamples& samples) {
  if (catalog == nullptr) return;
  const Instant now = house.clock.now();
  for (const auto& model : catalog->models()) {
    for (const Endpoint& endpoint : model->endpoints) {
      const auto standing = house.endpoints.standing(endpoint.id, now).standing;
      const bool healthy = standing == resilience::EndpointHealth::Standing::healthy;
      samples.set(Metric::endpoint_healthy, {model->model_name, endpoint.api_base}, healthy ? 1 : 0);
    }
  }
}

}  // namespace

void add_gauges(House& house, const TenantNames& names) {
  house.metrics.add_gauges([&house, &names, shares = std::make_shared<ShareGauges>()](GaugeSamples& samples) {
    const fairshare::Snapshot now = house.desk.snapshot(house.clock.now());
    const auto catalog = house.catalog.snapshot();
    show_slots(now, catalog.get(), samples);
    shares->show(now, names, samples);
    show_endpoints(house, catalog.get(), samples);
    show_keys(house, samples);
    for (const auto& [name, store] : house.readiness.stores())
      samples.set(Metric::store_up, {name}, store.up ? 1 : 0);
  });
}

}  // namespace obleth::app
