// What has to change so that the record becomes what a document states: one edit, made section by section.
//
// Fields that the document does not name stay as they are, null clears. With prune, what a section that stands in the
// document does not name is deleted; keys of a tenant likewise where the tenant lists its keys.
// Thread: lives in one call, which holds the write turn.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/desired_state.hpp"
#include "admin/key_fields.hpp"
#include "admin/mcp_rule_names.hpp"
#include "admin/record_desk.hpp"
#include "admin/tenant_fields.hpp"

namespace obleth::admin {

// A key that the plan makes, and the only sight of its secret.
struct NewSecret {
  std::string tenant;
  std::string key;
  Secret secret;
};

class ApplyPlan {
 public:
  ApplyPlan(RecordDesk& desk, bool prune) : desk_(desk), prune_(prune), names_(desk) {}

  // All sections. Faults of the document go to reading; the outcome fails only where the store does.
  Task<Outcome<>> make(const Json& document, Reading& reading);

  // Everything, in the order in which references hold: what frees a name first, groups' ends last.
  [[nodiscard]] Edit take_edit();
  [[nodiscard]] const std::vector<NewSecret>& secrets() const { return secrets_; }

 private:
  Task<Outcome<>> make_groups(const Json& section, Reading& reading);
  Task<Outcome<>> make_tenants(const Json& section, Reading& reading);
  Task<Outcome<>> make_tenant(StatedItem item, Reading& reading);
  Task<Outcome<>> make_keys(const TenantDoc& tenant, const Json& section, bool tenant_is_new, Reading& reading);
  Task<Outcome<>> make_models(const Json& section, Reading& reading);
  Task<Outcome<>> make_mcp_servers(const Json& section, Reading& reading);
  Task<Outcome<>> make_capacity(const Json& section, Reading& reading);

  Task<Outcome<>> prune_groups(const StatedItems& stated);
  Task<Outcome<>> prune_tenants(const StatedItems& stated);
  Task<Outcome<>> prune_models(const StatedItems& stated);
  Task<Outcome<>> prune_mcp_servers(const StatedItems& stated);

  void put_key(const TenantDoc& tenant, const ApiKey* current, const Json& body, Reading& reading);

  RecordDesk& desk_;
  bool prune_;
  McpRuleNames names_;  // of all groups and tenants, once the document holds
  Edit deletions_;
  Edit puts_;
  Edit last_deletions_;
  std::vector<NewSecret> secrets_;
};

}  // namespace obleth::admin
