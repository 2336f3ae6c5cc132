#include "app/house.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "adapters/os/thread_turns.hpp"
#include "app/data_files.hpp"
#include "app/version.hpp"
#include "observe/log.hpp"

namespace obleth::app {
namespace {

Result<void> make_data_folder(const Options& options) {
  std::error_code problem;
  std::filesystem::create_directories(options.data_dir, problem);
  if (!problem) return {};
  return fail(store_fault(FaultKind::forbidden, "The data folder '" + options.data_dir + "' cannot be made: " +
                                                    problem.message() + ". Set OBLETH_DATA_DIR."));
}

adapters::SpoolSettings spool_settings(const Options& options) {
  return {.folder = spool_folder_of(options),
          .bytes_max = options.spool_max,
          .when_full = options.spool_full,
          .sync_every = options.spool_fsync_ms,
          .writers = thread_count(options)};
}

// Null where the folder cannot be written: requests are served all the same.
std::unique_ptr<adapters::UnsettledFile> unsettled_of(const Options& options) {
  auto file = adapters::UnsettledFile::open(unsettled_file_of(options));
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
          .unregistered_models_allowed = options.unregistered_models == UnregisteredModels::allow};
}

fairshare::AdmissionLimits admission_limits(const Options& options) {
  return {.capacity = options.global_max_in_flight,
          .tenant_queue_max = options.tenant_queue_max,
          .pool_queue_max = options.queue_max,
          .admission_timeout = options.admission_timeout_secs,
          .brownout_wait = options.brownout_wait_ms,
          .algorithm = options.fairshare_algorithm,
          .shares_pool = options.redis_url.has_value()};
}

fairshare::SetWaitLimits wait_limits(const Options& options) {
  return {.tenant_queue_max = options.tenant_queue_max,
          .pool_queue_max = options.queue_max,
          .admission_timeout = options.admission_timeout_secs,
          .brownout_wait = options.brownout_wait_ms};
}

adapters::KeyCacheLimits key_cache_limits(const Options& options) {
  adapters::KeyCacheLimits limits;
  limits.keys_max = options.key_cache_max;
  limits.fresh = options.key_fresh;
  limits.stale_max = options.key_stale_max;
  limits.unknown_for = options.key_unknown;
  return limits;
}

// The nearest first: what replicas share, where they share something.
adapters::CachingKeyDirectory::Stores key_stores_of(ports::RecordStore& record, SharedRedis* redis) {
  if (redis == nullptr) return record;
  return {record, redis->keys};
}

}  // namespace

std::unique_ptr<UsageHome> started(std::unique_ptr<UsageHome> usage, adapters::Resolver& resolver,
                                   observe::Metrics& metrics, observe::Readiness& readiness) {
  usage->start(resolver, metrics, readiness);
  return usage;
}

// What can fail, made before the house that holds it.
struct House::Parts {
  std::shared_ptr<const adapters::TlsCredentials> upstream_tls;
  std::shared_ptr<const adapters::TlsCredentials> redis_tls;
  std::unique_ptr<adapters::AesGcmSealer> sealer;
  std::unique_ptr<adapters::Resolver> resolver;
  std::unique_ptr<RecordHome> record;
  std::unique_ptr<UsageHome> usage;
};

Result<std::unique_ptr<House>> House::build(Options options) {
  auto tls = adapters::TlsCredentials::for_client(options.upstream_ca);
  if (!tls) return fail(std::move(tls.error()));
  auto redis_tls = SharedRedis::authorities(options);
  if (!redis_tls) return fail(std::move(redis_tls.error()));
  Result<void> made = make_data_folder(options);
  if (!made) return fail(std::move(made.error()));
  adapters::SystemEntropy entropy;
  auto encryption_key = encryption_key_of(options, entropy);
  if (!encryption_key) return fail(std::move(encryption_key.error()));
  auto sealer = std::make_unique<adapters::AesGcmSealer>(*encryption_key, options.encryption_key_former);
  auto resolver = std::make_unique<adapters::Resolver>();
  auto record = RecordHome::open(options, *sealer, *resolver);
  if (!record) return fail(std::move(record.error()));
  auto usage = UsageHome::open(options);
  if (!usage) return fail(std::move(usage.error()));
  std::unique_ptr<House> house(
      new House(std::move(options), {std::move(*tls), std::move(*redis_tls), std::move(sealer), std::move(resolver),
                                     std::move(*record), std::move(*usage)}));
  Result<void> shared = house->redis ? house->redis->refuse_forgetful() : Result<void>{};
  if (!shared) return fail(std::move(shared.error()));
  Result<void> opened = house->open_spool();
  if (!opened) return fail(std::move(opened.error()));
  return house;
}

Result<void> House::open_spool() {
  auto opened = adapters::Spool::open(spool_settings(options_), entropy, metrics);
  if (!opened) return fail(std::move(opened.error()));
  spool = std::move(*opened);
  delivery_ = std::make_unique<LoopThread<adapters::Delivery>>([this](adapters::EpollLoop& loop) {
    adapters::stand_back();
    observe::Readiness* const told = usage->tells_of_itself() ? nullptr : &readiness;
    return std::make_unique<adapters::Delivery>(loop, *spool, usage->sink(), entropy, told);
  });
  spending.follow(backlog());
  return {};
}

House::House(Options options, Parts parts)
    : settings_(std::move(options)),
      options_(settings_.in_force()),
      metrics({.version = std::string(version), .revision = std::string(revision)}),
      resolver(std::move(parts.resolver)),
      hasher(options_.api_key_pepper, options_.api_key_pepper_former),
      sealer(std::move(parts.sealer)),
      record(std::move(parts.record)),
      usage(started(std::move(parts.usage), *resolver, metrics, readiness)),
      place(options_.redis_url ? name_of_place(options_, entropy) : std::string()),
      redis(options_.redis_url
                ? std::make_unique<SharedRedis>(
                      options_, SharedRedis::Surroundings{*resolver, std::move(parts.redis_tls), readiness, metrics,
                                                          record->store(), feed, entropy, clock})
                : nullptr),
      keys(key_stores_of(record->store(), redis.get()), hasher, clock, feed, key_cache_limits(options_)),
      failed_keys(options_.failed_keys_per_minute, entropy.bits128().high),
      catalog(record->store()),
      unsettled(unsettled_of(options_)),
      spending(usage->book()),
      ledger(clock, {.book = &spending, .unsettled = unsettled.get()}),
      shared_budgets(redis ? std::make_unique<adapters::RedisBudgets>(
                                 clock, adapters::RedisBudgetRules{.book = &spending,
                                                                   .checkpoints = &record->checkpoints(),
                                                                   .replicas = options_.replicas_expected,
                                                                   .unsettled = unsettled.get()})
                           : nullptr),
      shared_sessions(redis ? std::make_unique<adapters::RedisSessionBook>(redis->server, sessions) : nullptr),
      responses(clock, options_.cache_max),
      tiered_responses(redis ? std::make_unique<adapters::TieredResponseCache>(responses, redis->responses) : nullptr),
      capture_memory(options_.cache_capture_max),
      mcp_servers(record->store()),
      call_audit(record->store()),
      desk(admission_limits(options_)),
      body_memory(options_.body_memory_max),
      follower({.store = record->store(),
                .catalog = catalog,
                .clock = clock,
                .default_capacity = options_.global_max_in_flight,
                .reload_catalog = [this] { return catalog.reload(); },
                .reload_mcp_servers = [this] { return mcp_servers.reload(); },
                .apply_settings =
                    [this](const auto& stored) {
                      settings_.follow_record(stored);
                      obey_settings();
                    }},
               desk, endpoints),
      dialer(*resolver, upstream_policy(options_), std::move(parts.upstream_tls)) {
  record->watch(metrics, readiness);
  if (!redis) record->tell_replicas(feed, entropy.bits128());
  tell_unbilled();
  obey_settings();
}

House::~House() {
  end_workers();
}

void House::tell_unbilled() {
  const std::int64_t unbilled = unsettled ? unsettled->left_behind() : 0;
  if (unbilled == 0) return;
  metrics.count_unbilled(static_cast<std::uint64_t>(unbilled));
  observe::log(observe::LogLevel::warn, "the process before was killed; its requests in flight are not billed",
               {{"requests", unbilled}});
}

void House::restart_with(const Options& reread) {
  settings_.restart_with(reread);
  obey_settings();
}

void House::obey_settings() {
  observe::set_log_level(options_.log_level);
  policies.publish(policy_of(options_));
  desk.configure(wait_limits(options_), clock.now());
  failed_keys.set_rate(options_.failed_keys_per_minute);
  if (redis) redis->keys.set_fresh_for(options_.key_fresh);
  keys.set_times(key_cache_limits(options_));
  ledger.set_fail_open(options_.fail_open);
  if (shared_budgets) shared_budgets->fail_open.store(options_.fail_open, std::memory_order_relaxed);
}

Task<Result<void>> House::load() {
  Result<void> loaded = co_await follower.load();
  if (loaded) {
    readiness.set_store(record->name(), true);
    readiness.configuration_loaded();
  } else {
    readiness.set_store(record->name(), false, loaded.error().message);
    readiness.waiting_for("the record: " + loaded.error().message);
  }
  co_return loaded;
}

ports::ChangeFeed& House::publishing_feed() {
  if (redis) return redis->feed;
  ports::ChangeFeed* const shared = record->shared_feed();
  return shared != nullptr ? *shared : feed;
}

gateway::Services House::services(const ThreadsOwn& own) {
  ports::ResponseCache& cache = tiered_responses ? static_cast<ports::ResponseCache&>(*tiered_responses) : responses;
  return {.policy = own.policy,
          .entropy = entropy,
          .keys = keys,
          .failed_keys = failed_keys,
          .catalog = catalog,
          .ledger = own.budgets,
          .upstream = own.upstream,
          .desk = desk,
          .endpoints = endpoints,
          .body_memory = body_memory,
          .estimates = estimates,
          .metrics = metrics,
          .readiness = readiness,
          .journal = own.journal,
          .responses = {cache, digester, capture_memory}};
}

mcp::McpServices House::mcp_services() {
  ports::SessionBook& book = shared_sessions ? static_cast<ports::SessionBook&>(*shared_sessions) : sessions;
  return {.registry = mcp_servers, .sessions = book, .digest = digester, .audit = call_audit};
}

void House::end_workers() {
  // What the writers left last is looked at once more; then the ledger's threads end, while the loop that they answer
  // to still exists. Their own loops stay until the resolver has ended, which may still have an answer for them.
  if (delivery_) delivery_->end();
  usage->end();
  record->end();
  resolver.reset();
  delivery_.reset();
}

}  // namespace obleth::app
