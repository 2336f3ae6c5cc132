#include "admin/fairshare_names.hpp"

#include <utility>

namespace obleth::admin {
namespace {

constexpr std::int64_t fresh_ms = 5000;
constexpr std::size_t tenants_max = 20'000;

template <class Id>
std::string name_or_id(const std::map<Id, std::string>& names, Id id) {
  const auto known = names.find(id);
  return known == names.end() ? id.uuid() : known->second;
}

// Where the record does not tell: what it told before.
template <class Id>
void carry_over(const std::map<Id, std::string>& former, Id id, std::map<Id, std::string>& names) {
  if (const auto known = former.find(id); known != former.end()) names[id] = known->second;
}

}  // namespace

std::string FairshareNames::tenant(TenantId id) const {
  return name_or_id(tenants_, id);
}
std::string FairshareNames::group(GroupId id) const {
  if (id.is_nil()) return "all";  // where there are no groups
  return name_or_id(groups_, id);
}
std::string FairshareNames::model(ModelId id) const {
  const auto known = models_.find(id);
  return known == models_.end() ? std::string() : known->second;
}

void FairshareIds::add(const fairshare::Snapshot& snapshot) {
  for (const fairshare::GroupShare& share : snapshot.groups)
    groups.push_back(share.group);
  for (const fairshare::NodeShare& share : snapshot.tenants)
    tenants.push_back(share.tenant);
  for (const fairshare::ModelShare& share : snapshot.models)
    models.push_back(share.model);
}

Task<std::shared_ptr<const FairshareNames>> FairshareNameBook::names_of(FairshareIds ids) {
  if (desk_.now().unix_ms - begun_.unix_ms >= fresh_ms || known_->tenants_.size() >= tenants_max) {
    former_ = std::exchange(known_, std::make_shared<FairshareNames>());
    begun_ = desk_.now();
  }
  // Its own from here on: another call may begin a new one meanwhile.
  const std::shared_ptr<FairshareNames> names = known_;
  const std::shared_ptr<const FairshareNames> former = former_;
  GroupNames groups(desk_);
  for (const GroupId id : ids.groups) {
    if (names->groups_.contains(id)) continue;
    const Outcome<std::string> name = co_await groups.name_of(id);
    if (name) names->groups_[id] = *name;
    if (!name) carry_over(former->groups_, id, names->groups_);
  }
  for (const TenantId id : ids.tenants) {
    if (names->tenants_.contains(id)) continue;
    std::string text = id.uuid();
    const auto found = co_await desk_.store().find_tenant(std::move(text));
    if (found && *found) names->tenants_[id] = (*found)->name;
    if (!found) carry_over(former->tenants_, id, names->tenants_);
  }
  for (const ModelId id : ids.models) {
    if (id.is_nil() || names->models_.contains(id)) continue;
    std::string text = id.uuid();
    const auto found = co_await desk_.store().find_model(std::move(text));
    if (found && *found) names->models_[id] = (*found)->model_name;
    if (!found) carry_over(former->models_, id, names->models_);
  }
  co_return names;
}

}  // namespace obleth::admin
