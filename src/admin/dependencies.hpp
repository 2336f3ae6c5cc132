// Everything the Management API needs of the rest of the gateway, given once at the start.
//
// Thread: the ports and functions are called on any admin thread. A function that is not set tells nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/json.hpp"
#include "base/instant.hpp"
#include "base/secret.hpp"
#include "base/task.hpp"
#include "core/fairshare/admission.hpp"
#include "core/fairshare/dispatch_ring.hpp"
#include "core/fairshare/share_history.hpp"
#include "domain/admin_token.hpp"
#include "domain/budget.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"
#include "ports/change_feed.hpp"
#include "ports/clock.hpp"
#include "ports/entropy.hpp"
#include "ports/record_store.hpp"
#include "ports/secret_hasher.hpp"
#include "ports/secret_sealer.hpp"
#include "ports/upstream.hpp"
#include "ports/usage_ledger.hpp"

namespace obleth::admin {

// An admin token of the configuration (OBLETH_ADMIN_TOKEN), beside the stored ones.
struct ConfiguredToken {
  std::string name;  // the actor in the audit log
  Secret token;
  AdminRole role = AdminRole::admin;
};

struct Spending {
  std::int64_t tokens = 0;
  NanoUsd cost;
};
// A budget of a tenant, or of one of its keys, with all that is limited beside it.
struct BudgetQuestion {
  TenantId tenant;
  std::optional<KeyId> key;
  Quota quota;
  Budget budget;
  std::string timezone;  // the tenant's
};
// What the present term of the budget has come to.
struct BudgetUse {
  Spending used;
  Spending held;
  std::optional<WallTime> resets_at;
};

struct EndpointState {
  std::string health = "unknown";  // healthy, ejected, probing, unknown
  std::uint32_t in_flight = 0;
  std::optional<WallTime> ejected_until;
};

struct StoreState {
  std::string name;
  bool up = true;
  std::string detail;
};
struct SpoolState {
  std::int64_t bytes = 0;
  std::int64_t oldest_secs = 0;
  std::int64_t dropped_rows = 0;  // since the start
  bool dropping = false;          // the last row that was to be kept could not be
};
// This replica's part of the capacity.
struct SlotState {
  std::uint32_t lease = 0;
  bool shared = false;  // false: the other replicas are not heard
};
struct GatewayStatus {
  std::string commit;
  WallTime started_at;
  std::vector<StoreState> stores;
  std::optional<SpoolState> spool;
  std::optional<SlotState> slots;  // nothing: it is alone
  std::uint32_t replicas = 1;
};

struct SettingRow {
  std::string name;
  std::string value;   // secrets masked by who fills this in
  std::string source;  // default, file, environment, flag, api
  std::string help;
  bool changeable = false;  // here, without a restart
};

struct LiveView {
  std::function<fairshare::Snapshot()> snapshot;
  std::function<std::vector<std::shared_ptr<const fairshare::PastSnapshot>>(const fairshare::HistoryRange&)> history;
  std::function<std::optional<fairshare::Explanation>(const fairshare::Sought&)> explain;
  std::function<EndpointState(EndpointId)> endpoint_state;
  // nullopt: it cannot be known now.
  std::function<Task<std::optional<BudgetUse>>(BudgetQuestion)> budget_use;
  std::function<std::string()> not_ready_because;  // empty: ready
  std::function<bool()> draining;                  // streams end
  std::size_t streams_max = 250;                   // readers of /fairshare/stream at a time
  std::function<GatewayStatus()> status;
  std::function<std::vector<SettingRow>()> settings;
  // Of each changeable setting the schema of its new value, by its name. Asked once, when the API is built.
  std::function<Json::Object()> setting_schemas;
  // The problem of a new value for a changeable setting, or nothing.
  std::function<std::optional<std::string>(std::string_view name, std::string_view value)> refuse_setting;
};

struct Dependencies {
  ports::RecordStore& store;
  ports::ChangeFeed& feed;
  const ports::Clock& clock;
  ports::Entropy& entropy;
  const ports::SecretHasher& hasher;
  const ports::SecretSealer& sealer;
  ports::Upstream* upstream = nullptr;  // for a model's test; null: the test answers 503
  ports::UsageLedger* usage = nullptr;  // null: the usage routes answer 503
  std::vector<ConfiguredToken> tokens;
  std::string version;  // of the program
  // A host as it stands in a URL is an address that the gateway never connects to. Names are none: they are checked
  // when they are connected to.
  std::function<bool(std::string_view host)> is_refused_host;
  // Ends when this process obeys what was published before, or cannot for long.
  std::function<Task<void>()> obeyed;
  // So many changes stand in the record, and the other replicas could not be told of them.
  std::function<void(std::size_t changes, const Fault& why)> count_untold;
  LiveView live;
};

}  // namespace obleth::admin
