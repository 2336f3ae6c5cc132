// A step that was released is never edited: what changes is a new step.
//
// The columns are those of the embedded store (adapters/sql reads and writes both): ids are 16 bytes, times are Unix
// milliseconds, money is an integer in the unit of its name, flags are 0 and 1, lists and optional structures are JSON
// text. Every number is a bigint, as values are sent so.
#include "adapters/postgres/record_schema.hpp"

#include <array>
#include <string>

#include "adapters/postgres/postgres_session.hpp"
#include "adapters/sql/audit_table.hpp"
#include "adapters/sql/query.hpp"
#include "adapters/sql/store_failure.hpp"

namespace obleth::adapters {
namespace {

constexpr Duration step_max = std::chrono::minutes(10);  // a step over many rows on a busy server

struct Step {
  std::int64_t number;         // 1, 2, 3, …
  std::int64_t oldest_reader;  // a program that knows only the steps up to this one can still work on the result
  const char* script;
};

constexpr const char* first_tables = R"sql(
CREATE TABLE groups (
  id bytea PRIMARY KEY, name text NOT NULL UNIQUE, weight bigint NOT NULL, max_in_flight bigint,
  created_at bigint NOT NULL, updated_at bigint NOT NULL);
CREATE INDEX groups_by_age ON groups (created_at, id);
INSERT INTO groups SELECT uuid_send(gen_random_uuid()), 'default', 100, NULL, ms, ms
  FROM (SELECT (extract(epoch FROM now()) * 1000)::bigint AS ms) AS clock;

CREATE TABLE tenants (
  id bytea PRIMARY KEY, name text NOT NULL UNIQUE, description text NOT NULL,
  group_id bytea NOT NULL REFERENCES groups (id), weight bigint NOT NULL, quota text NOT NULL, budget text,
  allowed_models text, status text NOT NULL, schedule text NOT NULL, brownout text NOT NULL, brownout_wait_ms bigint,
  created_at bigint NOT NULL, updated_at bigint NOT NULL);
CREATE INDEX tenants_by_age ON tenants (created_at, id);
CREATE INDEX tenants_by_group ON tenants (group_id);

CREATE TABLE keys (
  id bytea PRIMARY KEY, tenant_id bytea NOT NULL REFERENCES tenants (id) ON DELETE CASCADE, name text NOT NULL,
  prefix text NOT NULL, hash bytea NOT NULL UNIQUE, former_hash bytea, former_expires_at bigint,
  disabled bigint NOT NULL, expires_at bigint, allowed_models text, quota text NOT NULL, budget text,
  weight bigint NOT NULL, created_at bigint NOT NULL, updated_at bigint NOT NULL, last_used_at bigint);
CREATE UNIQUE INDEX keys_by_name ON keys (tenant_id, name) WHERE name <> '';
CREATE INDEX keys_by_age ON keys (created_at, id);
CREATE INDEX keys_by_tenant ON keys (tenant_id, created_at, id);
CREATE INDEX keys_by_former_hash ON keys (former_hash) WHERE former_hash IS NOT NULL;

CREATE TABLE models (
  id bytea PRIMARY KEY, model_name text NOT NULL UNIQUE, aliases text NOT NULL, upstream_model text NOT NULL,
  sealed_api_key text, sealed_upstream_headers text, input_pico_usd bigint NOT NULL, cached_input_pico_usd bigint,
  output_pico_usd bigint NOT NULL, request_pico_usd bigint NOT NULL, context_window bigint NOT NULL,
  default_max_tokens bigint NOT NULL, admission_weight_thousandths bigint NOT NULL,
  input_token_cost_thousandths bigint NOT NULL, output_token_cost_thousandths bigint NOT NULL,
  slot_second_cost_thousandths bigint, max_in_flight bigint, brownout_max_tokens bigint NOT NULL,
  enabled bigint NOT NULL, inject_usage bigint NOT NULL, cache_enabled bigint NOT NULL,
  cache_ttl_secs bigint NOT NULL, cache_scope text NOT NULL, max_retries bigint NOT NULL,
  request_timeout_secs bigint NOT NULL, idle_timeout_secs bigint NOT NULL, gpus bigint NOT NULL,
  tokens_per_media_part bigint NOT NULL, created_at bigint NOT NULL, updated_at bigint NOT NULL);
CREATE INDEX models_by_age ON models (created_at, id);
-- What clients may say: unique over model names and aliases together.
CREATE TABLE model_names (
  name text PRIMARY KEY, model_id bytea NOT NULL REFERENCES models (id) ON DELETE CASCADE);
CREATE INDEX model_names_by_model ON model_names (model_id);
CREATE TABLE endpoints (
  id bytea PRIMARY KEY, model_id bytea NOT NULL REFERENCES models (id) ON DELETE CASCADE, position bigint NOT NULL,
  api_base text NOT NULL, sealed_api_key text, priority bigint NOT NULL, enabled bigint NOT NULL);
CREATE INDEX endpoints_by_model ON endpoints (model_id, position);

CREATE TABLE mcp_servers (
  id bytea PRIMARY KEY, name text NOT NULL UNIQUE, upstream_url text NOT NULL, sealed_auth_header text,
  enabled bigint NOT NULL, access text, timeout_secs bigint NOT NULL, max_in_flight bigint,
  created_at bigint NOT NULL, updated_at bigint NOT NULL);
CREATE INDEX mcp_servers_by_age ON mcp_servers (created_at, id);

CREATE TABLE admin_tokens (
  id bytea PRIMARY KEY, name text NOT NULL UNIQUE, prefix text NOT NULL, hash bytea NOT NULL UNIQUE,
  role text NOT NULL, created_at bigint NOT NULL);

CREATE TABLE settings (name text PRIMARY KEY, value text NOT NULL);

CREATE TABLE audit (
  id bytea PRIMARY KEY, at bigint NOT NULL, actor text NOT NULL, remote_address text NOT NULL, action text NOT NULL,
  target_kind text NOT NULL, target text NOT NULL, target_name text NOT NULL, before_json text NOT NULL,
  after_json text NOT NULL);
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_target ON audit (target, at);
)sql";

// What budgets had come to when Redis last told.
constexpr const char* spending_table = R"sql(
CREATE TABLE budget_spent (
  account bytea PRIMARY KEY, term_begin bigint NOT NULL, tokens bigint NOT NULL, cost bigint NOT NULL);
)sql";

constexpr std::array steps{
    Step{1, 1, first_tables},
    Step{2, 1, spending_table},
    Step{3, 1, audit_indexes},
};

bool has_meta(SqlSession& session) {
  Query ask(session, "SELECT to_regclass('meta') IS NOT NULL");
  return ask.step() && QueryRow(ask).flag();
}

std::int64_t meta(SqlSession& session, std::string_view name) {
  Query ask(session, "SELECT value FROM meta WHERE name = ?");
  ask.bind(name);
  return ask.step() ? QueryRow(ask).integer() : 0;
}

void note(SqlSession& session, std::string_view name, std::int64_t value) {
  Query put(session, "UPDATE meta SET value = ? WHERE name = ?");
  put.bind(value).bind(name).run();
}

void take(PostgresSession& session, const Step& step) {
  Transaction transaction(session, Transaction::Kind::write);
  // Another replica may have taken this step, or more, while we waited for our turn.
  if (meta(session, "schema") >= step.number) return;
  session.execute("SET LOCAL statement_timeout = 0");
  session.execute(step.script, step_max);
  note(session, "schema", step.number);
  note(session, "oldest_reader", step.oldest_reader);
  transaction.commit();
}

void make_meta(PostgresSession& session) {
  Transaction transaction(session, Transaction::Kind::write);
  if (has_meta(session)) return;
  session.execute(
      "CREATE TABLE meta (name text PRIMARY KEY, value bigint NOT NULL);"
      "INSERT INTO meta VALUES ('schema', 0), ('version', 0), ('oldest_reader', 1)");
  transaction.commit();
}

}  // namespace

void migrate_record(PostgresSession& session) {
  if (!has_meta(session)) make_meta(session);
  for (const Step& step : steps) {
    if (meta(session, "schema") < step.number) take(session, step);
  }
  const std::int64_t there = meta(session, "schema");
  if (there <= steps.back().number || meta(session, "oldest_reader") <= steps.back().number) return;
  throw StoreFailure(store_fault(FaultKind::conflict, "the database was written by a newer obleth (schema " +
                                                          std::to_string(there) + ", this version knows " +
                                                          std::to_string(steps.back().number) +
                                                          "): start that version, or restore a backup"));
}

}  // namespace obleth::adapters
