// /tenants: who shares the cluster, with which weight, limits, budget and schedule. Any thread.
#pragma once

#include <string>

#include "admin/group_names.hpp"
#include "admin/record_desk.hpp"
#include "admin/route.hpp"
#include "admin/tenant_fields.hpp"

namespace obleth::admin {

[[nodiscard]] TenantDoc new_tenant(const RecordDesk& desk);
// Null before: created. Null after: deleted.
[[nodiscard]] AuditNote tenant_note(const char* action, const TenantDoc* before, const TenantDoc* after);

class Tenants {
 public:
  explicit Tenants(RecordDesk& desk) : desk_(desk) {}
  void register_in(RouteTable& table);

 private:
  void register_parts_in(RouteTable& table);
  // PATCH or PUT of some of a tenant's fields.
  [[nodiscard]] Route part(Route route, const Fields<TenantDoc>& fields, ReadMode mode);

  Task<Reply> list(const Call& call);
  Task<Reply> create(const Call& call);
  Task<Reply> show(const Call& call);
  Task<Reply> edit(const Call& call, const Fields<TenantDoc>& fields, ReadMode mode);
  Task<Reply> edit_budget(const Call& call);
  Task<Reply> remove(const Call& call);

  Task<Outcome<TenantDoc>> find(std::string id);
  Task<Reply> save(const RecordDesk::Turn& turn, const Call& call, const TenantDoc& current, TenantDoc next,
                   Reading& reading);
  Task<void> fill_in_use(TenantDoc& doc);

  RecordDesk& desk_;
};

}  // namespace obleth::admin
