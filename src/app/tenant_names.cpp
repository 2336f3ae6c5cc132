#include "app/tenant_names.hpp"

#include <utility>

namespace obleth::app {
namespace {
constexpr int rounds_until_forgotten = 12;
}

Task<void> TenantNames::refresh(const fairshare::Snapshot& snapshot) {
  if (++rounds_ % rounds_until_forgotten == 0) names_.clear();
  for (const fairshare::NodeShare& node : snapshot.tenants) {
    if (names_.size() >= names_max || names_.contains(node.tenant)) continue;
    std::string uuid = node.tenant.uuid();
    const Result<std::optional<Tenant>> found = co_await store_.find_tenant(std::move(uuid));
    if (!found) co_return;  // the record does not answer: what is known stays
    if (*found) names_.emplace(node.tenant, (*found)->name);
  }
}

std::string TenantNames::name_of(TenantId tenant) const {
  const auto found = names_.find(tenant);
  return found == names_.end() ? std::string() : found->second;
}

}  // namespace obleth::app
