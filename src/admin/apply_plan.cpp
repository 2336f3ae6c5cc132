#include "admin/apply_plan.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "admin/capacity.hpp"
#include "admin/every_row.hpp"
#include "admin/group_fields.hpp"
#include "admin/tenants.hpp"

namespace obleth::admin {
namespace {

template <class Record>
bool differ(const Fields<Record>& fields, const Record& before, const Record& after) {
  return !fields.difference(before, after).after.members()->empty();
}

void move_into(Edit& all, Edit& part) {
  std::ranges::move(part.writes, std::back_inserter(all.writes));
  std::ranges::move(part.notes, std::back_inserter(all.notes));
  std::ranges::move(part.changes, std::back_inserter(all.changes));
}

ReadMode mode_for(bool exists) {
  return exists ? ReadMode::change : ReadMode::create;
}

}  // namespace

Task<Outcome<>> ApplyPlan::make(const Json& document, Reading& reading) {
  using Maker = Task<Outcome<>> (ApplyPlan::*)(const Json&, Reading&);
  // Groups first: tenants name them; and the rules of MCP servers both.
  static constexpr std::pair<std::string_view, Maker> makers[] = {{"groups", &ApplyPlan::make_groups},
                                                                  {"tenants", &ApplyPlan::make_tenants},
                                                                  {"models", &ApplyPlan::make_models},
                                                                  {"mcp_servers", &ApplyPlan::make_mcp_servers},
                                                                  {"capacity", &ApplyPlan::make_capacity}};
  for (const auto& [section, maker] : makers) {
    const Json* stated = document.find(section);
    if (stated == nullptr) continue;
    const auto inside = reading.member(section);
    const Outcome<> made = co_await (this->*maker)(*stated, reading);
    if (!made) co_return made;
  }
  co_return Outcome<>();
}

Edit ApplyPlan::take_edit() {
  Edit all = std::move(deletions_);
  move_into(all, puts_);
  move_into(all, last_deletions_);
  return all;
}

Task<Outcome<>> ApplyPlan::make_groups(const Json& section, Reading& reading) {
  const StatedItems items = stated_items(section, "name", reading);
  for (const StatedItem& item : items) {
    const auto inside = reading.inside(item.step);
    const auto current = co_await desk_.store().find_group(item.name);
    if (!current) co_return std::unexpected(refuse_fault(current.error()));
    Group next = *current ? **current : new_group(desk_, item.name);
    reading.set_mode(mode_for(current->has_value()));
    group_fields().take(next, item.body, reading);
    names_.groups().remember(next);
    if (*current && !differ(group_fields(), **current, next)) continue;
    next.updated_at = desk_.now();
    const Group* before = *current ? &**current : nullptr;
    puts_.add(ports::PutGroup{next, before == nullptr},
              group_note(before == nullptr ? "group.create" : "group.update", before, &next), ports::GroupsChanged{});
  }
  if (!prune_) co_return Outcome<>();
  co_return co_await prune_groups(items);
}

Task<Outcome<>> ApplyPlan::make_tenants(const Json& section, Reading& reading) {
  const StatedItems items = stated_items(section, "name", reading);
  for (const StatedItem& item : items) {
    const Outcome<> made = co_await make_tenant(item, reading);
    if (!made) co_return made;
  }
  if (!prune_) co_return Outcome<>();
  co_return co_await prune_tenants(items);
}

Task<Outcome<>> ApplyPlan::make_tenant(StatedItem item, Reading& reading) {
  const auto inside = reading.inside(item.step);
  const auto found = co_await desk_.store().find_tenant(item.name);
  if (!found) co_return std::unexpected(refuse_fault(found.error()));
  const bool is_new = !found->has_value();
  TenantDoc current = new_tenant(desk_);
  if (!is_new) {
    const Outcome<std::string> group = co_await names_.groups().name_of((*found)->group);
    if (!group) co_return std::unexpected(group.error());
    current = tenant_doc(**found, *group);
  }
  const Json* stated_keys = item.body.find("keys");
  const std::optional<Json> keys = stated_keys == nullptr ? std::nullopt : std::optional(*stated_keys);
  item.body.remove("keys");
  TenantDoc next = current;
  reading.set_mode(mode_for(!is_new));
  tenant_fields().take(next, item.body, reading);
  const Outcome<GroupId> group = co_await names_.groups().id_of(next.group, reading);
  if (!group) co_return std::unexpected(group.error());
  names_.tenants().remember(next.tenant);
  if (is_new || differ(tenant_fields(), current, next)) {
    next.tenant.updated_at = desk_.now();
    puts_.add(ports::PutTenant{tenant_record(next, *group), is_new},
              tenant_note(is_new ? "tenant.create" : "tenant.update", is_new ? nullptr : &current, &next),
              ports::TenantChanged{next.tenant.id});
  }
  if (!keys) co_return Outcome<>();
  const auto in_keys = reading.member("keys");
  co_return co_await make_keys(next, *keys, is_new, reading);
}

Task<Outcome<>> ApplyPlan::make_keys(const TenantDoc& tenant, const Json& section, bool tenant_is_new,
                                     Reading& reading) {
  std::vector<ApiKey> existing;
  if (!tenant_is_new) {
    Outcome<std::vector<ApiKey>> found = co_await every_key(desk_.store(), tenant.tenant.id);
    if (!found) co_return std::unexpected(found.error());
    existing = std::move(*found);
  }
  const StatedItems items = stated_items(section, "name", reading);
  for (const StatedItem& item : items) {
    const auto inside = reading.inside(item.step);
    const auto current = std::ranges::find(existing, item.name, &ApiKey::name);
    put_key(tenant, current == existing.end() ? nullptr : &*current, item.body, reading);
  }
  for (const ApiKey& key : existing) {
    if (!prune_ || items.contains(key.name)) continue;
    const KeyDoc doc = key_doc(key);
    deletions_.add(ports::DeleteKey{key.id}, key_note("key.delete", &doc, nullptr),
                   ports::KeyChanged{key.id, key.tenant});
  }
  co_return Outcome<>();
}

void ApplyPlan::put_key(const TenantDoc& tenant, const ApiKey* current, const Json& body, Reading& reading) {
  reading.set_mode(mode_for(current != nullptr));
  if (current == nullptr) {
    FreshKey fresh = new_key(desk_, tenant.tenant.id);
    key_fields().take(fresh.doc, body, reading);
    const ApiKey& key = fresh.doc.key;
    puts_.add(ports::PutKey{key_record(fresh.doc), true}, key_note("key.create", nullptr, &fresh.doc),
              ports::KeyChanged{key.id, key.tenant});
    secrets_.push_back({.tenant = tenant.tenant.name, .key = key.name, .secret = fresh.secret});
    return;
  }
  const KeyDoc before = key_doc(*current);
  KeyDoc next = before;
  key_fields().take(next, body, reading);
  if (!differ(key_fields(), before, next)) return;
  next.key.updated_at = desk_.now();
  puts_.add(ports::PutKey{key_record(next), false}, key_note("key.update", &before, &next),
            ports::KeyChanged{next.key.id, next.key.tenant});
}

Task<Outcome<>> ApplyPlan::make_capacity(const Json& section, Reading& reading) {
  const Outcome<CapacityDoc> current = co_await current_capacity(desk_);
  if (!current) co_return std::unexpected(current.error());
  CapacityDoc next = *current;
  const Json body = section.number() != nullptr ? Json::object({{"max_in_flight", section}}) : section;
  reading.set_mode(ReadMode::replace);
  capacity_fields().take(next, body, reading);
  if (next.max_in_flight != current->max_in_flight) add_capacity(puts_, *current, next);
  co_return Outcome<>();
}

Task<Outcome<>> ApplyPlan::prune_groups(const StatedItems& stated) {
  const Outcome<std::vector<Group>> all = co_await every_row(desk_.store(), &ports::RecordStore::list_groups);
  if (!all) co_return std::unexpected(all.error());
  for (const Group& group : *all) {
    if (group.name == default_group_name || stated.contains(group.name)) continue;
    last_deletions_.add(ports::DeleteGroup{group.id}, group_note("group.delete", &group, nullptr),
                        ports::GroupsChanged{});
  }
  co_return Outcome<>();
}

Task<Outcome<>> ApplyPlan::prune_tenants(const StatedItems& stated) {
  const Outcome<std::vector<Tenant>> all = co_await every_row(desk_.store(), &ports::RecordStore::list_tenants);
  if (!all) co_return std::unexpected(all.error());
  for (const Tenant& tenant : *all) {
    if (stated.contains(tenant.name)) continue;
    const Outcome<std::string> group = co_await names_.groups().name_of(tenant.group);
    if (!group) co_return std::unexpected(group.error());
    const TenantDoc doc = tenant_doc(tenant, *group);
    names_.tenants().forget(tenant);
    deletions_.add(ports::DeleteTenant{tenant.id}, tenant_note("tenant.delete", &doc, nullptr),
                   ports::TenantChanged{tenant.id});
  }
  co_return Outcome<>();
}

}  // namespace obleth::admin
