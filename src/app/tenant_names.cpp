#include "app/tenant_names.hpp"

#include <utility>

namespace obleth::app {
namespace {
constexpr int rounds_until_read_anew = 12;
}

Task<void> TenantNames::refresh(const fairshare::Snapshot& snapshot) {
  if (++rounds_ % rounds_until_read_anew != 0) {
    static_cast<void>(co_await read_into(names_, snapshot));
    co_return;
  }
  Names anew;
  const bool is_complete = co_await read_into(anew, snapshot);
  if (is_complete) names_ = std::move(anew);
}

Task<bool> TenantNames::read_into(Names& names, const fairshare::Snapshot& snapshot) {
  for (const fairshare::NodeShare& node : snapshot.tenants) {
    if (names.size() >= names_max || names.contains(node.tenant)) continue;
    std::string uuid = node.tenant.uuid();
    const Result<std::optional<Tenant>> found = co_await store_.find_tenant(std::move(uuid));
    if (!found) co_return false;
    if (*found) names.emplace(node.tenant, (*found)->name);
  }
  co_return true;
}

std::string TenantNames::name_of(TenantId tenant) const {
  const auto found = names_.find(tenant);
  return found == names_.end() ? std::string() : found->second;
}

}  // namespace obleth::app
