// Every setting of the gateway, typed, with its default.
//
// A setting's value is that of its flag, else of its environment variable, else of the configuration file, else the
// default here; over all of them wins what the Management API stored, for those that may change (live_settings.hpp).
// options_table.cpp says of each its bounds and what it is for. Thread: a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/crypto/encryption_key.hpp"
#include "adapters/os/address_policy.hpp"
#include "adapters/os/net_address.hpp"
#include "adapters/redis/redis_settings.hpp"
#include "adapters/spool/spool_settings.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "core/fairshare/admission.hpp"
#include "domain/upstream_address.hpp"
#include "gateway/policy.hpp"
#include "observe/log.hpp"

namespace obleth::app {

enum class UnregisteredModels : std::uint8_t { refuse, allow };

// Where a setting's value came from.
enum class SettingSource : std::uint8_t { by_default, file, environment, flag, api };

struct Options {
  bool dev = false;

  // Listeners
  adapters::NetAddress listen = *adapters::NetAddress::parse_with_port("0.0.0.0:8080");
  adapters::NetAddress admin_listen = *adapters::NetAddress::parse_with_port("0.0.0.0:9090");
  adapters::NetAddress metrics_listen = *adapters::NetAddress::parse_with_port("0.0.0.0:9091");
  std::uint32_t threads = 0;  // 0: one per core
  std::uint32_t max_connections = 50'000;
  std::uint32_t max_connections_per_address = 0;  // 0: no bound
  std::vector<adapters::Cidr> trusted_proxies;
  std::string tls_cert;
  std::string tls_key;
  std::uint64_t header_max = 64ULL << 10;
  Duration header_timeout = std::chrono::seconds(10);
  Duration body_timeout = std::chrono::seconds(30);
  Duration idle_timeout = std::chrono::seconds(75);

  // Requests
  std::uint64_t body_max = 64ULL << 20;
  std::uint64_t body_memory_max = 1ULL << 30;
  std::uint64_t cache_max = 256ULL << 20;
  std::uint64_t cache_capture_max = 64ULL << 20;
  std::uint64_t cache_redis_max = 256ULL << 20;
  std::uint32_t n_max = 16;
  gateway::PassThrough passthrough = gateway::PassThrough::all;
  std::vector<std::string> passthrough_allow;
  std::vector<std::string> strip_headers;
  std::vector<std::string> cors_origins;

  // Upstreams
  std::optional<UpstreamAddress> upstream_base_url;
  std::string upstream_ca;
  UnregisteredModels unregistered_models = UnregisteredModels::refuse;
  bool block_private_networks = false;
  std::vector<adapters::Cidr> allowed_cidrs;

  // Fairshare
  std::uint32_t global_max_in_flight = 256;
  fairshare::Algorithm fairshare_algorithm = fairshare::Algorithm::hierarchical;
  std::uint32_t tenant_queue_max = 256;
  std::uint32_t queue_max = 20'000;
  Duration admission_timeout_secs = std::chrono::seconds(60);
  Duration brownout_wait_ms = std::chrono::milliseconds(5000);

  // Identity
  Secret admin_token;  // empty only with dev: the composition makes one
  std::optional<Secret> api_key_pepper;
  std::optional<Secret> api_key_pepper_former;  // set and empty: there was none
  std::optional<adapters::EncryptionKey> encryption_key;
  std::optional<adapters::EncryptionKey> encryption_key_former;
  std::uint32_t key_cache_max = 100'000;
  Duration key_fresh = std::chrono::seconds(300);
  Duration key_stale_max = std::chrono::hours(24);
  Duration key_unknown = std::chrono::seconds(10);
  std::uint32_t failed_keys_per_minute = 600;

  // Budgets
  bool fail_open = true;

  // Stores
  std::string data_dir = "obleth-data";
  Secret database_url;                              // empty: SQLite in data_dir; it may hold a password
  std::string database_ca;                          // empty: as the URL says
  std::optional<adapters::RedisAddress> redis_url;  // absent: everything is kept in this process
  std::string redis_user;                           // in place of those of the URL
  Secret redis_password;
  std::string redis_ca;
  std::string redis_prefix = "obleth";
  Duration redis_timeout = std::chrono::milliseconds(250);
  std::vector<adapters::HostAndPort> redis_sentinels;
  Secret redis_sentinel_password;
  std::uint32_t replicas_expected = 1;

  // Usage ledger
  std::optional<UpstreamAddress> clickhouse_url;  // absent: SQLite in data_dir
  std::string clickhouse_user = "default";
  Secret clickhouse_password;
  std::string clickhouse_database = "obleth";
  std::string clickhouse_ca;
  Duration spool_fsync_ms = std::chrono::milliseconds(100);
  std::uint64_t spool_max = 1ULL << 30;
  adapters::WhenFull spool_full = adapters::WhenFull::drop_new;
  std::uint32_t usage_retention_days = 180;

  // Life
  bool core_dumps = false;
  Duration drain_notice = std::chrono::seconds(5);
  Duration shutdown_grace = std::chrono::seconds(300);
  observe::LogFormat log = observe::LogFormat::automatic;
  observe::LogLevel log_level = observe::LogLevel::info;

  std::map<std::string_view, SettingSource> sources;  // of those that were given, by the names of the table
};

// Event loops of the data plane.
[[nodiscard]] std::uint32_t thread_count(const Options& options);

// Addresses that no upstream may have.
[[nodiscard]] adapters::AddressPolicy upstream_policy(const Options& options);
// The rules of live settings that need more than one of them. Fault: invalid, of the setting that is its parameter; the
// message begins with "must".
[[nodiscard]] Result<void> check_live(const Options& options);

// What a command was given. The texts outlive the call.
struct OptionSources {
  std::span<const char* const> arguments;    // after the verb
  std::span<const char* const> environment;  // "NAME=value" each
  bool opens_api = true;                     // the command serves the Management API, or checks what will
};

// Fault: invalid, naming the flag, variable or line at fault and what would be right. A flag or an OBLETH_ variable
// that does not exist is one, but for those that Kubernetes injects for a Service named obleth, and those of the
// command line.
[[nodiscard]] Result<Options> read_options(const OptionSources& sources);

[[nodiscard]] bool asks_for_help(std::span<const char* const> arguments);
// What --help prints, below the usage line of the command.
[[nodiscard]] std::string options_help();
// docs/settings.md, whole.
[[nodiscard]] std::string settings_reference();

}  // namespace obleth::app
