#include "admin/usage_names.hpp"

#include <utility>

namespace obleth::admin {
namespace {

Json or_null_text(const std::optional<std::string>& text) {
  return text && !text->empty() ? Json(*text) : Json();
}

}  // namespace

Task<std::string> UsageNames::tenant(TenantId id, std::string heard) {
  if (const auto known = tenants_.find(id); known != tenants_.end()) co_return known->second;
  const auto found = co_await desk_.store().find_tenant(id.uuid());
  keep_bounded(tenants_);
  std::string name = std::move(heard);
  if (found && *found) name = (*found)->name;
  tenants_[id] = name;
  co_return name;
}

Task<std::optional<std::string>> UsageNames::key(KeyId id) {
  if (const auto known = keys_.find(id); known != keys_.end()) co_return known->second;
  const auto found = co_await desk_.store().find_key(id);
  keep_bounded(keys_);
  std::optional<std::string> name;
  if (found && *found) name = (*found)->name;
  keys_[id] = name;
  co_return name;
}

Task<std::optional<std::string>> UsageNames::model_id(std::string name) {
  if (name.empty()) co_return std::nullopt;
  const auto found = co_await desk_.store().find_model(name);
  if (!found || !*found || (*found)->model_name != name) co_return std::nullopt;
  co_return (*found)->id.uuid();
}

Task<std::optional<std::string>> UsageNames::group_id(std::string name) {
  if (name.empty()) co_return std::nullopt;
  const auto found = co_await desk_.store().find_group(name);
  if (!found || !*found) co_return std::nullopt;
  co_return (*found)->id.uuid();
}

Task<UsageRowDoc> UsageNames::doc(UsageRecord record) {
  UsageRowDoc doc{.record = std::move(record), .tenant = {}, .key = {}};
  std::string tenant_name = co_await tenant(doc.record.tenant_id, doc.record.tenant);
  std::optional<std::string> key_name = co_await key(doc.record.key_id);
  doc.tenant = std::move(tenant_name);
  doc.key = std::move(key_name);
  co_return doc;
}

Task<Json::Object> UsageNames::group_members(ports::UsageGroup group, ports::UsageDimension by) {
  Json::Object members;
  if (by == ports::UsageDimension::model) {
    const std::optional<std::string> id = co_await model_id(group.name);
    members.emplace_back("model_id", or_null_text(id));
    members.emplace_back("model", or_null_text(group.name));
    co_return members;
  }
  if (by == ports::UsageDimension::group) {
    const std::optional<std::string> id = co_await group_id(group.name);
    members.emplace_back("group_id", or_null_text(id));
    members.emplace_back("group", or_null_text(group.name));
    co_return members;
  }
  if (by == ports::UsageDimension::key) {
    const std::optional<std::string> name = co_await key(group.key);
    members.emplace_back("key_id", group.key.uuid());
    members.emplace_back("key", or_null_text(name));
  }
  const std::string name = co_await tenant(group.tenant, group.tenant_name);
  members.emplace_back("tenant_id", group.tenant.uuid());
  members.emplace_back("tenant", or_null_text(name));
  co_return members;
}

}  // namespace obleth::admin
