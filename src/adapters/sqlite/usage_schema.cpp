// A step that was released is never edited: what changes is a new step.
//
// Ids are 16 bytes, times are Unix milliseconds, cost is nano-dollars. admission, usage_source and cache are the
// positions of their words in domain/usage_record.hpp, which are never reordered.
#include "adapters/sqlite/usage_schema.hpp"

#include <array>

namespace obleth::adapters {
namespace {

constexpr const char* first_tables = R"sql(
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
-- kept_since: rows that ended before it have been removed.
INSERT INTO meta VALUES ('oldest_reader', 1), ('kept_since', 0);

-- Names that come back in many rows, as small numbers.
CREATE TABLE words (number INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE tenants (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, name TEXT NOT NULL) STRICT;
CREATE INDEX tenants_by_name ON tenants (name);
CREATE TABLE keys (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, tenant INTEGER NOT NULL) STRICT;

CREATE TABLE usage (
  place INTEGER PRIMARY KEY,  -- ts * 2^20 and a part that tells the rows of one millisecond apart
  event_id BLOB NOT NULL, tenant INTEGER NOT NULL, key INTEGER NOT NULL, model INTEGER NOT NULL, grp INTEGER NOT NULL,
  route INTEGER NOT NULL, status INTEGER NOT NULL, admission INTEGER NOT NULL, client_request_id TEXT NOT NULL,
  upstream_model TEXT NOT NULL, endpoint INTEGER NOT NULL, stream INTEGER NOT NULL, error_code INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL, fair_estimate INTEGER NOT NULL, hold_estimate INTEGER NOT NULL,
  usage_source INTEGER NOT NULL, queue_ms INTEGER NOT NULL, ttft_ms INTEGER, total_ms INTEGER NOT NULL,
  overhead_us INTEGER NOT NULL, fairshare_cost INTEGER NOT NULL, fairshare_key INTEGER NOT NULL,
  fairshare_v INTEGER NOT NULL, slot_ms INTEGER NOT NULL, gpu_ms INTEGER NOT NULL, weight INTEGER NOT NULL,
  cost INTEGER NOT NULL, cache INTEGER NOT NULL, tokens_saved INTEGER NOT NULL, brownout_cap INTEGER,
  retries INTEGER NOT NULL, session_id TEXT NOT NULL, user_agent_family TEXT NOT NULL, mcp_server INTEGER NOT NULL,
  mcp_method TEXT NOT NULL, mcp_tool TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX usage_by_event ON usage (event_id);
CREATE INDEX usage_by_client_id ON usage (client_request_id) WHERE client_request_id <> '';
-- Every filter of a listing is in them, so that a rare match is found without reading the rows between.
CREATE INDEX usage_by_time ON usage (place, tenant, key, model, grp, route, status, admission);
CREATE INDEX usage_by_tenant ON usage (tenant, place, key, model, grp, route, status, admission);

CREATE TABLE usage_minutes (
  begin INTEGER NOT NULL, tenant INTEGER NOT NULL, key INTEGER NOT NULL, model INTEGER NOT NULL, grp INTEGER NOT NULL,
  requests INTEGER NOT NULL, errors INTEGER NOT NULL, refusals INTEGER NOT NULL, brownouts INTEGER NOT NULL,
  cache_hits INTEGER NOT NULL, retries INTEGER NOT NULL, input_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
  tokens_saved INTEGER NOT NULL, cost INTEGER NOT NULL, gpu_ms INTEGER NOT NULL, slot_ms INTEGER NOT NULL,
  queue_ms INTEGER NOT NULL, durations BLOB NOT NULL,
  PRIMARY KEY (begin, tenant, key, model, grp)) STRICT, WITHOUT ROWID;
CREATE TABLE usage_hours (
  begin INTEGER NOT NULL, tenant INTEGER NOT NULL, key INTEGER NOT NULL, model INTEGER NOT NULL, grp INTEGER NOT NULL,
  requests INTEGER NOT NULL, errors INTEGER NOT NULL, refusals INTEGER NOT NULL, brownouts INTEGER NOT NULL,
  cache_hits INTEGER NOT NULL, retries INTEGER NOT NULL, input_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
  tokens_saved INTEGER NOT NULL, cost INTEGER NOT NULL, gpu_ms INTEGER NOT NULL, slot_ms INTEGER NOT NULL,
  queue_ms INTEGER NOT NULL, durations BLOB NOT NULL,
  PRIMARY KEY (begin, tenant, key, model, grp)) STRICT, WITHOUT ROWID;
CREATE TABLE usage_days (
  begin INTEGER NOT NULL, tenant INTEGER NOT NULL, key INTEGER NOT NULL, model INTEGER NOT NULL, grp INTEGER NOT NULL,
  requests INTEGER NOT NULL, errors INTEGER NOT NULL, refusals INTEGER NOT NULL, brownouts INTEGER NOT NULL,
  cache_hits INTEGER NOT NULL, retries INTEGER NOT NULL, input_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
  tokens_saved INTEGER NOT NULL, cost INTEGER NOT NULL, gpu_ms INTEGER NOT NULL, slot_ms INTEGER NOT NULL,
  queue_ms INTEGER NOT NULL, durations BLOB NOT NULL,
  PRIMARY KEY (begin, tenant, key, model, grp)) STRICT, WITHOUT ROWID;

-- What budgets ask, of tenants and of keys: quarters of an hour as long as there are rows, days (UTC) for ever.
CREATE TABLE spending_quarters (
  account INTEGER NOT NULL, begin INTEGER NOT NULL, tokens INTEGER NOT NULL, cost INTEGER NOT NULL,
  PRIMARY KEY (account, begin)) STRICT, WITHOUT ROWID;
CREATE INDEX spending_quarters_by_time ON spending_quarters (begin);
CREATE TABLE spending_days (
  account INTEGER NOT NULL, begin INTEGER NOT NULL, tokens INTEGER NOT NULL, cost INTEGER NOT NULL,
  PRIMARY KEY (account, begin)) STRICT, WITHOUT ROWID;

-- The parts of the write-ahead log that are in the tables above; neighbours are joined. Kept for ever: a segment has
-- one row.
CREATE TABLE delivered_ranges (
  segment BLOB NOT NULL, begin INTEGER NOT NULL, end INTEGER NOT NULL,
  PRIMARY KEY (segment, begin)) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array steps{
    Migration{1, 1, first_tables},
};

}  // namespace

std::span<const Migration> usage_migrations() {
  return steps;
}

}  // namespace obleth::adapters
