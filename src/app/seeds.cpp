#include "app/seeds.hpp"

#include <array>
#include <utility>

namespace obleth::app {

Result<void> Seeds::commit(ports::Write write, std::string_view action, std::string_view target_name) {
  ports::Transaction transaction;
  transaction.writes.push_back(std::move(write));
  const std::string_view kind = action.substr(0, action.find('.'));
  transaction.audit.push_back({.id = AuditId{entropy_.bits128()},
                               .at = clock_.wall_now(),
                               .actor = "obleth",
                               .action = std::string(action),
                               .target_kind = std::string(kind),
                               .target_name = std::string(target_name)});
  Result<std::uint64_t> version = store_.commit(std::move(transaction)).run_now();
  if (!version) return fail(std::move(version.error()));
  return {};
}

Result<Model> Seeds::model(std::string_view name, const std::string& api_base) {
  Result<std::optional<Model>> found = store_.find_model(std::string(name)).run_now();
  if (!found) return fail(std::move(found.error()));
  const bool is_new = !*found;
  Model model;
  if (is_new) {
    model.id = ModelId{entropy_.bits128()};
    model.model_name = name;
    model.upstream_model = name;
    model.created_at = clock_.wall_now();
    model.endpoints.push_back({.id = EndpointId{entropy_.bits128()}});
  } else {
    model = std::move(**found);
  }
  if (!is_new && model.endpoints.front().api_base == api_base) return model;
  model.endpoints.front().api_base = api_base;
  model.updated_at = clock_.wall_now();
  const Result<void> committed = commit(ports::PutModel{model, is_new}, is_new ? "model.create" : "model.update", name);
  if (!committed) return fail(committed.error());
  return model;
}

Result<TenantId> Seeds::tenant(std::string_view name, std::uint32_t weight) {
  Result<std::optional<Tenant>> found = store_.find_tenant(std::string(name)).run_now();
  if (!found) return fail(std::move(found.error()));
  if (*found) return (*found)->id;
  Result<std::optional<Group>> group = store_.find_group(default_group_name).run_now();
  if (!group) return fail(std::move(group.error()));
  if (!*group) return fail(store_fault(FaultKind::not_found, "the record has no group 'default'"));
  Tenant tenant{.id = TenantId{entropy_.bits128()}, .name = std::string(name), .group = (*group)->id, .weight = weight};
  tenant.created_at = tenant.updated_at = clock_.wall_now();
  const Result<void> committed = commit(ports::PutTenant{tenant, true}, "tenant.create", name);
  if (!committed) return fail(committed.error());
  return tenant.id;
}

Result<Secret> Seeds::key(TenantId tenant, std::string_view name) {
  std::array<unsigned char, key_random_bytes> random{};
  entropy_.fill(random);
  Secret secret = make_key_secret(random);
  ApiKey key{.id = KeyId{entropy_.bits128()},
             .tenant = tenant,
             .name = std::string(name),
             .prefix = display_prefix(secret),
             .hash = hasher_.hash(secret.reveal())};
  key.created_at = key.updated_at = clock_.wall_now();
  const Result<void> committed = commit(ports::PutKey{key, true}, "key.create", name);
  if (!committed) return fail(committed.error());
  return secret;
}

}  // namespace obleth::app
