// The record's tables, step by step. A step that was released is never edited: what changes is a new step.
//
// Ids are 16 bytes, times are Unix milliseconds, money is an integer in the unit of its name, lists and optional
// structures are JSON (json_columns.hpp). Sealed columns hold ports::SecretSealer's text.
#include <array>

#include "adapters/sql/audit_table.hpp"
#include "adapters/sqlite/migrations.hpp"

namespace obleth::adapters {
namespace {

constexpr const char* first_tables = R"sql(
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
INSERT INTO meta VALUES ('version', 0), ('oldest_reader', 1);

CREATE TABLE groups (
  id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, weight INTEGER NOT NULL, max_in_flight INTEGER,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE INDEX groups_by_age ON groups (created_at, id);
INSERT INTO groups VALUES (randomblob(16), 'default', 100, NULL, unixepoch() * 1000, unixepoch() * 1000);

CREATE TABLE tenants (
  id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT NOT NULL,
  group_id BLOB NOT NULL REFERENCES groups (id), weight INTEGER NOT NULL, quota TEXT NOT NULL, budget TEXT,
  allowed_models TEXT, status TEXT NOT NULL, schedule TEXT NOT NULL, brownout TEXT NOT NULL, brownout_wait_ms INTEGER,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE INDEX tenants_by_age ON tenants (created_at, id);
CREATE INDEX tenants_by_group ON tenants (group_id);

CREATE TABLE keys (
  id BLOB PRIMARY KEY, tenant_id BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE, name TEXT NOT NULL,
  prefix TEXT NOT NULL, hash BLOB NOT NULL UNIQUE, former_hash BLOB, former_expires_at INTEGER,
  disabled INTEGER NOT NULL, expires_at INTEGER, allowed_models TEXT, quota TEXT NOT NULL, budget TEXT,
  weight INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, last_used_at INTEGER) STRICT;
CREATE UNIQUE INDEX keys_by_name ON keys (tenant_id, name) WHERE name <> '';
CREATE INDEX keys_by_age ON keys (created_at, id);
CREATE INDEX keys_by_tenant ON keys (tenant_id, created_at, id);
CREATE INDEX keys_by_former_hash ON keys (former_hash) WHERE former_hash IS NOT NULL;

CREATE TABLE models (
  id BLOB PRIMARY KEY, model_name TEXT NOT NULL UNIQUE, aliases TEXT NOT NULL, upstream_model TEXT NOT NULL,
  sealed_api_key TEXT, sealed_upstream_headers TEXT, input_pico_usd INTEGER NOT NULL, cached_input_pico_usd INTEGER,
  output_pico_usd INTEGER NOT NULL, request_pico_usd INTEGER NOT NULL, context_window INTEGER NOT NULL,
  default_max_tokens INTEGER NOT NULL, admission_weight_thousandths INTEGER NOT NULL,
  input_token_cost_thousandths INTEGER NOT NULL, output_token_cost_thousandths INTEGER NOT NULL,
  slot_second_cost_thousandths INTEGER, max_in_flight INTEGER, brownout_max_tokens INTEGER NOT NULL,
  enabled INTEGER NOT NULL, inject_usage INTEGER NOT NULL, cache_enabled INTEGER NOT NULL,
  cache_ttl_secs INTEGER NOT NULL, cache_scope TEXT NOT NULL, max_retries INTEGER NOT NULL,
  request_timeout_secs INTEGER NOT NULL, idle_timeout_secs INTEGER NOT NULL, gpus INTEGER NOT NULL,
  tokens_per_media_part INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE INDEX models_by_age ON models (created_at, id);
-- What clients may say: unique over model names and aliases together.
CREATE TABLE model_names (
  name TEXT PRIMARY KEY, model_id BLOB NOT NULL REFERENCES models (id) ON DELETE CASCADE) STRICT;
CREATE INDEX model_names_by_model ON model_names (model_id);
CREATE TABLE endpoints (
  id BLOB PRIMARY KEY, model_id BLOB NOT NULL REFERENCES models (id) ON DELETE CASCADE, position INTEGER NOT NULL,
  api_base TEXT NOT NULL, sealed_api_key TEXT, priority INTEGER NOT NULL, enabled INTEGER NOT NULL) STRICT;
CREATE INDEX endpoints_by_model ON endpoints (model_id, position);

CREATE TABLE mcp_servers (
  id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, upstream_url TEXT NOT NULL, sealed_auth_header TEXT,
  enabled INTEGER NOT NULL, access TEXT, timeout_secs INTEGER NOT NULL, max_in_flight INTEGER,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE INDEX mcp_servers_by_age ON mcp_servers (created_at, id);

CREATE TABLE admin_tokens (
  id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, prefix TEXT NOT NULL, hash BLOB NOT NULL UNIQUE,
  role TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE audit (
  id BLOB PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, remote_address TEXT NOT NULL, action TEXT NOT NULL,
  target_kind TEXT NOT NULL, target TEXT NOT NULL, target_name TEXT NOT NULL, before_json TEXT NOT NULL,
  after_json TEXT NOT NULL) STRICT;
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_target ON audit (target, at);
)sql";

// What budgets had come to when Redis last told.
constexpr const char* spending_table = R"sql(
CREATE TABLE budget_spent (
  account BLOB PRIMARY KEY, term_begin INTEGER NOT NULL, tokens INTEGER NOT NULL, cost INTEGER NOT NULL) STRICT;
)sql";

constexpr std::array steps{
    Migration{1, 1, first_tables},
    Migration{2, 1, spending_table},
    Migration{3, 1, audit_indexes},
};

}  // namespace

std::span<const Migration> record_migrations() {
  return steps;
}

}  // namespace obleth::adapters
