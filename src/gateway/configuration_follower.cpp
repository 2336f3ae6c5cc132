#include "gateway/configuration_follower.hpp"

#include <charconv>
#include <utility>

#include "gateway/await_turn.hpp"

namespace obleth::gateway {
namespace {

constexpr std::size_t groups_per_page = 500;

}  // namespace

Task<Result<void>> ConfigurationFollower::load() {
  Result<void> models = co_await follow_models();
  if (!models) co_return models;
  Result<void> groups = co_await follow_groups();
  if (!groups) co_return groups;
  Result<void> servers = co_await follow_mcp_servers();
  if (!servers) co_return servers;
  Result<void> settings = co_await follow_settings();
  co_return settings;
}

Task<Result<void>> ConfigurationFollower::follow(ports::Change change) {
  if (std::holds_alternative<ports::ModelsChanged>(change)) co_return co_await follow_models();
  if (std::holds_alternative<ports::GroupsChanged>(change)) co_return co_await follow_groups();
  if (std::holds_alternative<ports::McpServersChanged>(change)) co_return co_await follow_mcp_servers();
  if (std::holds_alternative<ports::SettingsChanged>(change)) co_return co_await follow_settings();
  if (const auto* tenant = std::get_if<ports::TenantChanged>(&change)) co_return co_await follow_tenant(tenant->tenant);
  if (const auto* key = std::get_if<ports::KeyChanged>(&change)) co_return co_await follow_key(*key);
  if (!std::holds_alternative<ports::EverythingChanged>(change)) co_return Result<void>{};
  Result<void> loaded = co_await load();
  if (!loaded) co_return loaded;
  co_return co_await follow_active();
}

Task<Result<void>> ConfigurationFollower::follow_models() {
  Result<void> reloaded = co_await sources_.reload_catalog();
  if (!reloaded) co_return reloaded;
  const auto snapshot = sources_.catalog.snapshot();
  const Instant now = sources_.clock.now();
  std::unordered_set<ModelId> gone = std::exchange(known_models_, {});
  for (const auto& model : snapshot->models()) {
    gone.erase(model->id);
    known_models_.insert(model->id);
    desk_.configure(fairshare::SetModel{model->id, fairshare_settings(*model), model->enabled}, now);
    endpoints_.look_at(*model, now);
  }
  for (const ModelId& id : gone) {
    desk_.configure(fairshare::ForgetModel{id}, now);
    endpoints_.forget(id);
  }
  co_return Result<void>{};
}

Task<Result<void>> ConfigurationFollower::follow_mcp_servers() {
  if (!sources_.reload_mcp_servers) co_return Result<void>{};
  Result<void> reloaded = co_await sources_.reload_mcp_servers();
  co_return reloaded;
}

Task<Result<void>> ConfigurationFollower::follow_groups() {
  ports::PageRequest page{.limit = groups_per_page};
  std::unordered_set<GroupId> known;
  do {
    Result<ports::Page<Group>> groups = co_await sources_.store.list_groups(page);
    if (!groups) co_return fail(std::move(groups.error()));
    for (const Group& group : groups->rows) {
      known.insert(group.id);
      desk_.configure(fairshare::SetGroup{group.id, {group.weight, group.max_in_flight}}, sources_.clock.now());
    }
    page.cursor = std::move(groups->next_cursor);
  } while (!page.cursor.empty());
  for (const GroupId& id : known_groups_) {
    if (!known.contains(id)) desk_.configure(fairshare::ForgetGroup{id}, sources_.clock.now());
  }
  known_groups_ = std::move(known);
  co_return Result<void>{};
}

Task<Result<void>> ConfigurationFollower::follow_settings() {
  Result<StoredSettings> settings = co_await sources_.store.all_settings();
  if (!settings) co_return fail(std::move(settings.error()));
  std::uint32_t slots = sources_.default_capacity;
  for (const auto& [name, value] : *settings) {
    if (name == capacity_setting) std::from_chars(value.data(), value.data() + value.size(), slots);
  }
  desk_.configure(fairshare::SetCapacity{slots}, sources_.clock.now());
  if (sources_.apply_settings) sources_.apply_settings(*settings);
  co_return Result<void>{};
}

Task<Result<void>> ConfigurationFollower::follow_tenant(TenantId id) {
  std::string uuid = id.uuid();
  Result<std::optional<Tenant>> found = co_await sources_.store.find_tenant(std::move(uuid));
  if (!found) co_return fail(std::move(found.error()));
  fairshare::SetTenant change{.tenant = id, .admits = false};
  if (*found) {
    const Tenant& tenant = **found;
    change = {.tenant = id,
              .group = tenant.group,
              .settings = {tenant.weight, tenant.quota.max_in_flight},
              .brownout = brownout_settings(tenant),
              .admits = tenant.status == TenantStatus::active};
  }
  desk_.configure(change, sources_.clock.now());
  co_return Result<void>{};
}

Task<Result<void>> ConfigurationFollower::follow_key(ports::KeyChanged change) {
  Result<std::optional<ApiKey>> found = co_await sources_.store.find_key(change.key);
  if (!found) co_return fail(std::move(found.error()));
  fairshare::SetKey event{.key = change.key, .tenant = change.tenant, .admits = false};
  if (*found) {
    const ApiKey& key = **found;
    event.settings = {key.weight, key.quota.max_in_flight};
    event.admits = !key.disabled;
  }
  desk_.configure(event, sources_.clock.now());
  co_return Result<void>{};
}

// Tenants and keys that the scheduler knows: all others bring their settings when they arrive.
Task<Result<void>> ConfigurationFollower::follow_active() {
  const fairshare::Snapshot snapshot = desk_.snapshot(sources_.clock.now());
  for (const fairshare::NodeShare& node : snapshot.tenants) {
    Result<void> followed = co_await follow_tenant(node.tenant);
    if (!followed) co_return followed;
  }
  const std::vector<fairshare::KnownKey> keys = desk_.known_keys();
  for (const fairshare::KnownKey& known : keys) {
    const ports::KeyChanged key{.key = known.key, .tenant = known.tenant};
    Result<void> followed = co_await follow_key(key);
    if (!followed) co_return followed;
  }
  co_return Result<void>{};
}

}  // namespace obleth::gateway
