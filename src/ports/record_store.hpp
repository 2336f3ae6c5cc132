// The record: tenants, keys, groups, models, MCP servers, admin tokens, settings, and the audit log.
//
// Every write is one transaction together with its audit rows (commit). Tasks resume on the caller's loop; without a
// loop (start-up, tests) they complete without suspending. Faults: conflict, not_found, invalid, unavailable,
// exhausted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "domain/admin_token.hpp"
#include "domain/api_key.hpp"
#include "domain/mcp_server.hpp"
#include "domain/model.hpp"
#include "domain/tenant.hpp"
#include "ports/key_source.hpp"

namespace obleth::ports {

// Keyset paging in creation order (id breaks ties). cursor is opaque: what the last page gave.
struct PageRequest {
  std::size_t limit = 50;
  std::string cursor;
  std::string name_contains;  // filter; empty = all
};
template <class T>
struct Page {
  std::vector<T> rows;
  std::string next_cursor;  // empty = the end
};

struct AuditFilter {
  PageRequest page;
  std::string actor;
  std::string action;
  std::string target;  // id or name
  std::optional<WallTime> since;
  std::optional<WallTime> until;
};

// ---- one write ----------------------------------------------------------------------------------------------------

// expect_new: fail with conflict when the id or the unique name exists; otherwise the row must exist (not_found).
struct PutTenant {
  Tenant tenant;
  bool expect_new = false;
};
struct PutKey {
  ApiKey key;
  bool expect_new = false;
};
struct PutGroup {
  Group group;
  bool expect_new = false;
};
struct PutModel {
  Model model;
  bool expect_new = false;
};  // with its endpoints
struct PutMcpServer {
  McpServer server;
  bool expect_new = false;
};
struct PutAdminToken {
  AdminToken token;
  bool expect_new = false;
};
struct PutSetting {
  std::string name;
  std::optional<std::string> value;
};  // absent = removed
struct DeleteTenant {
  TenantId id;
};  // with its keys
struct DeleteKey {
  KeyId id;
};
struct DeleteGroup {
  GroupId id;
};  // conflict while tenants are in it
struct DeleteModel {
  ModelId id;
};
struct DeleteMcpServer {
  McpServerId id;
};
struct DeleteAdminToken {
  AdminTokenId id;
};

using Write = std::variant<PutTenant, PutKey, PutGroup, PutModel, PutMcpServer, PutAdminToken, PutSetting, DeleteTenant,
                           DeleteKey, DeleteGroup, DeleteModel, DeleteMcpServer, DeleteAdminToken>;

struct Transaction {
  std::vector<Write> writes;
  std::vector<AuditEntry> audit;
  // The version of the record that the writes were decided on: where it has moved on since, they are refused with
  // overtaken(). Absent: they need nothing of what was read.
  std::optional<std::uint64_t> seen;
};

// A conflict that trying again helps: read what is there now, decide anew.
[[nodiscard]] inline Fault overtaken() {
  return {.kind = FaultKind::conflict,
          .source = FaultSource::store,
          .may_retry = true,
          .message = "other changes came in between, again and again: try again",
          .field = {}};
}

// A key whose hash was made under a former pepper, and what it is under the current one.
struct RenewedHash {
  KeyId key;
  SecretHash former;
  SecretHash current;
};

class RecordStore : public KeySource {
 public:
  // All or nothing. The answer is the configuration's version: a counter that rises unless only audit rows come.
  virtual Task<Result<std::uint64_t>> commit(Transaction transaction) = 0;
  // What commit would refuse now; nothing is kept.
  virtual Task<Result<void>> rehearse(Transaction transaction) = 0;
  virtual Task<Result<std::uint64_t>> version() = 0;

  virtual Task<Result<void>> note_key_uses(std::vector<std::pair<KeyId, WallTime>> uses) = 0;
  // Where the key still has the former hash; no change of the configuration.
  virtual Task<Result<void>> renew_key_hashes(std::vector<RenewedHash> hashes) = 0;

  virtual Task<Result<std::optional<Tenant>>> find_tenant(std::string id_or_name) = 0;
  virtual Task<Result<Page<Tenant>>> list_tenants(PageRequest page) = 0;
  virtual Task<Result<std::optional<ApiKey>>> find_key(KeyId id) = 0;
  virtual Task<Result<Page<ApiKey>>> list_keys(std::optional<TenantId> tenant, PageRequest page) = 0;
  virtual Task<Result<std::optional<Group>>> find_group(std::string id_or_name) = 0;
  virtual Task<Result<Page<Group>>> list_groups(PageRequest page) = 0;
  virtual Task<Result<std::optional<Model>>> find_model(std::string id_or_name) = 0;
  virtual Task<Result<Page<Model>>> list_models(PageRequest page) = 0;
  virtual Task<Result<std::vector<Model>>> all_models() = 0;
  virtual Task<Result<std::optional<McpServer>>> find_mcp_server(std::string id_or_name) = 0;
  virtual Task<Result<Page<McpServer>>> list_mcp_servers(PageRequest page) = 0;
  virtual Task<Result<std::vector<AdminToken>>> all_admin_tokens() = 0;
  virtual Task<Result<std::vector<std::pair<std::string, std::string>>>> all_settings() = 0;
  virtual Task<Result<Page<AuditEntry>>> list_audit(AuditFilter filter) = 0;
};

}  // namespace obleth::ports
