#include "app/house.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "app/live_settings.hpp"
#include "app/version.hpp"
#include "observe/log.hpp"

namespace obleth::app {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";
constexpr const char* record_file = "obleth.db";
constexpr const char* unsettled_file = "unsettled";

// The record's file: where the operator says, else in the data folder, which is made.
Result<adapters::DatabaseFile> record_of(const Options& options) {
  if (!options.database_url.empty()) {
    if (!options.database_url.starts_with(sqlite_scheme)) {
      return fail(client_fault(FaultKind::invalid, "OBLETH_DATABASE_URL must be sqlite:PATH in this version."));
    }
    return adapters::DatabaseFile{.path = options.database_url.substr(sqlite_scheme.size())};
  }
  std::error_code problem;
  std::filesystem::create_directories(options.data_dir, problem);
  if (problem) {
    return fail(store_fault(FaultKind::forbidden, "The data folder '" + options.data_dir + "' cannot be made: " +
                                                      problem.message() + ". Set OBLETH_DATA_DIR."));
  }
  return adapters::DatabaseFile{.path = (std::filesystem::path(options.data_dir) / record_file).string()};
}

// Null where the folder cannot be written: requests are served all the same.
std::unique_ptr<adapters::UnsettledFile> unsettled_of(const Options& options) {
  auto file = adapters::UnsettledFile::open((std::filesystem::path(options.data_dir) / unsettled_file).string());
  if (file) return std::move(*file);
  observe::log(observe::LogLevel::warn, "requests that a crash would leave unbilled are not counted",
               {{"reason", file.error().message}});
  return nullptr;
}

gateway::Policy policy_of(const Options& options) {
  return {.default_upstream = options.upstream_base_url,
          .body_bytes_max = options.body_max,
          .n_max = options.n_max,
          .pass_through = options.passthrough,
          .pass_through_allow = options.passthrough_allow,
          .strip_headers = options.strip_headers,
          .cors_origins = options.cors_origins,
          .unregistered_models_allowed = options.unregistered_models == UnregisteredModels::allow,
          .admission_timeout = options.admission_timeout_secs};
}

fairshare::AdmissionLimits admission_limits(const Options& options) {
  return {.capacity = options.global_max_in_flight,
          .tenant_queue_max = options.tenant_queue_max,
          .pool_queue_max = options.queue_max,
          .admission_timeout = options.admission_timeout_secs,
          .brownout_wait = options.brownout_wait_ms,
          .algorithm = options.fairshare_algorithm};
}

adapters::KeyCacheLimits key_cache_limits(const Options& options) {
  adapters::KeyCacheLimits limits;
  limits.keys_max = options.key_cache_max;
  limits.fresh = options.key_fresh;
  limits.stale_max = options.key_stale_max;
  limits.unknown_for = options.key_unknown;
  return limits;
}

}  // namespace

// What can fail, made before the house that holds it.
struct House::Parts {
  std::shared_ptr<const adapters::TlsCredentials> upstream_tls;
  std::unique_ptr<adapters::AesGcmSealer> sealer;
  std::unique_ptr<adapters::SqliteRecordStore> store;
};

Result<std::unique_ptr<House>> House::build(Options options) {
  auto tls = adapters::TlsCredentials::for_client(options.upstream_ca);
  if (!tls) return fail(std::move(tls.error()));
  auto file = record_of(options);
  if (!file) return fail(std::move(file.error()));
  auto sealer = std::make_unique<adapters::AesGcmSealer>(options.encryption_key, options.encryption_key_former);
  auto store = adapters::SqliteRecordStore::open(std::move(*file), *sealer);
  if (!store) return fail(std::move(store.error()));
  return std::unique_ptr<House>(new House(std::move(options), {std::move(*tls), std::move(sealer), std::move(*store)}));
}

House::House(Options options, Parts parts)
    : options_(std::move(options)),
      policy_(policy_of(options_)),
      metrics({.version = std::string(version), .revision = std::string(revision)}),
      hasher(options_.api_key_pepper, options_.api_key_pepper_former),
      sealer(std::move(parts.sealer)),
      store(std::move(parts.store)),
      keys(*store, hasher, clock, feed, key_cache_limits(options_)),
      failed_keys(options_.failed_keys_per_minute, entropy.bits128().high),
      catalog(*store),
      unsettled(unsettled_of(options_)),
      ledger(clock, {.book = nullptr, .fail_open = options_.fail_open, .unsettled = unsettled.get()}),
      desk(admission_limits(options_)),
      body_memory(options_.body_memory_max),
      follower({.store = *store,
                .catalog = catalog,
                .clock = clock,
                .default_capacity = options_.global_max_in_flight,
                .reload_catalog = [this] { return catalog.reload(); },
                .apply_settings = [this](const auto& stored) { apply_live_settings(options_, stored); }},
               desk),
      resolver(std::make_unique<adapters::Resolver>()),
      dialer(*resolver, {options_.block_private_networks, options_.allowed_cidrs}, std::move(parts.upstream_tls)) {
  store->watch_calls(
      [this](std::string_view operation, Duration took) { metrics.record_store_call(record_name, operation, took); });
  tell_unbilled();
}

House::~House() = default;

void House::tell_unbilled() {
  const std::int64_t unbilled = unsettled ? unsettled->left_behind() : 0;
  if (unbilled == 0) return;
  metrics.count_unbilled(static_cast<std::uint64_t>(unbilled));
  observe::log(observe::LogLevel::warn, "the process before was killed; its requests in flight are not billed",
               {{"requests", unbilled}});
}

Result<void> House::load() {
  Result<void> loaded = follower.load().run_now();
  if (!loaded) return loaded;
  readiness.set_store(record_name, true);
  readiness.configuration_loaded();
  return {};
}

gateway::Services House::services(ports::Upstream& upstream) {
  return {.policy = policy_,
          .entropy = entropy,
          .keys = keys,
          .failed_keys = failed_keys,
          .catalog = catalog,
          .ledger = ledger,
          .upstream = upstream,
          .desk = desk,
          .endpoints = endpoints,
          .body_memory = body_memory,
          .estimates = estimates,
          .metrics = metrics,
          .readiness = readiness};
}

void House::end_workers() {
  resolver.reset();
  store.reset();
}

}  // namespace obleth::app
