#include "app/seeds.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace obleth::app {

Result<void> Seeds::commit(ports::Write write, std::string_view action, std::string_view target_name) {
  ports::Transaction transaction;
  transaction.writes.push_back(std::move(write));
  const std::string_view kind = action.substr(0, action.find('.'));
  transaction.audit.push_back({.id = AuditId{entropy_.uuid()},
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
    model.id = ModelId{entropy_.uuid()};
    model.model_name = name;
    model.upstream_model = name;
    model.created_at = clock_.wall_now();
    model.endpoints.push_back({.id = EndpointId{entropy_.uuid()}});
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
  Tenant tenant{.id = TenantId{entropy_.uuid()}, .name = std::string(name), .group = (*group)->id, .weight = weight};
  tenant.created_at = tenant.updated_at = clock_.wall_now();
  const Result<void> committed = commit(ports::PutTenant{tenant, true}, "tenant.create", name);
  if (!committed) return fail(committed.error());
  return tenant.id;
}

Result<Secret> Seeds::key(TenantId tenant, std::string_view name) {
  std::array<unsigned char, key_random_bytes> random{};
  entropy_.fill(random);
  Secret secret = make_key_secret(random);
  Result<std::optional<ApiKey>> found = find_key(tenant, name);
  if (!found) return fail(std::move(found.error()));
  const bool is_new = !*found;
  ApiKey key = is_new ? ApiKey{.id = KeyId{entropy_.uuid()}, .tenant = tenant, .name = std::string(name)} : **found;
  key.prefix = display_prefix(secret);
  key.hash = hasher_.hash(secret.reveal());
  key.former_hash.reset();
  key.former_expires_at.reset();
  key.updated_at = clock_.wall_now();
  if (is_new) key.created_at = key.updated_at;
  const Result<void> committed = commit(ports::PutKey{key, is_new}, is_new ? "key.create" : "key.rotate", name);
  if (!committed) return fail(committed.error());
  return secret;
}

Result<std::optional<ApiKey>> Seeds::find_key(TenantId tenant, std::string_view name) {
  ports::PageRequest page{.name_contains = std::string(name)};
  do {
    Result<ports::Page<ApiKey>> keys = store_.list_keys(tenant, page).run_now();
    if (!keys) return fail(std::move(keys.error()));
    const auto key = std::ranges::find(keys->rows, name, &ApiKey::name);
    if (key != keys->rows.end()) return std::move(*key);
    page.cursor = keys->next_cursor;
  } while (!page.cursor.empty());
  return std::nullopt;
}

}  // namespace obleth::app
