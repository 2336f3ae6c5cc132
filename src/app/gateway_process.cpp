#include "app/gateway_process.hpp"

#include <csignal>
#include <cstdlib>
#include <thread>
#include <utility>

#include "adapters/os/process_limits.hpp"
#include "app/gauges.hpp"
#include "app/live_view.hpp"
#include "app/tls_files.hpp"
#include "app/version.hpp"
#include "observe/log.hpp"

namespace obleth::app {
namespace {

constexpr std::string_view pool_name = "main";  // the one pool that there is
constexpr std::size_t random_token_bytes = 24;
constexpr Duration last_delivery = std::chrono::seconds(5);  // at the exit; what is left waits in the spool

adapters::HttpServerSettings data_settings(const Options& options, const ConnectionBounds& bounds) {
  adapters::HttpServerSettings settings{.address = options.listen, .threads = thread_count(options)};
  settings.head.head_bytes_max = options.header_max;
  settings.body_bytes_max = options.body_max;
  settings.header_timeout = options.header_timeout;
  settings.body_stall_max = options.body_timeout;
  settings.idle_timeout = options.idle_timeout;
  settings.connections_max = bounds.clients;
  settings.connections_per_address_max = options.max_connections_per_address;
  settings.trusted_proxies = options.trusted_proxies;
  return settings;
}

adapters::HttpServerSettings operator_settings(const Options& options, const ConnectionBounds& bounds,
                                               const adapters::NetAddress& address) {
  adapters::HttpServerSettings settings{.address = address, .threads = 1};
  settings.body_bytes_max = admin::admin_body_bytes_max;
  settings.header_timeout = options.header_timeout;
  settings.body_stall_max = options.body_timeout;
  settings.idle_timeout = options.idle_timeout;
  settings.connections_max = bounds.operators;
  settings.trusted_proxies = options.trusted_proxies;
  return settings;
}

Secret make_admin_token(ports::Entropy& entropy) {
  std::array<unsigned char, random_token_bytes> random{};
  entropy.fill(random);
  return make_key_secret(random);
}

observe::LogOptions log_options(const Options& options) {
  return {.level = options.log_level, .format = options.log};
}

Result<ConnectionBounds> bounds_of(const Options& options, std::uint64_t descriptors) {
  const auto bounds = connection_bounds(options.max_connections, thread_count(options), descriptors);
  if (bounds && bounds->clients < options.max_connections) {
    observe::log(observe::LogLevel::warn, "fewer clients may connect than is set: the limit of open files is low",
                 {{"connections_max", bounds->clients}, {"set", options.max_connections}, {"open_files", descriptors}});
  }
  return bounds;
}

// A database that is away may come; a credential that no key opens never does.
bool can_pass(const Fault& fault) {
  return fault.kind == FaultKind::unavailable && fault.may_retry;
}

}  // namespace

Result<std::unique_ptr<GatewayProcess>> GatewayProcess::start(Options options,
                                                              const std::function<Result<void>(House&)>& prepare) {
  // Before any thread starts, so that all inherit it.
  adapters::block_signals({SIGTERM, SIGINT, SIGHUP});
  adapters::ignore_write_signals();
  const std::uint64_t descriptors = adapters::raise_descriptor_limit();
  if (!options.core_dumps) adapters::forbid_core_dumps();
  const bool make_token = options.admin_token.empty();
  if (make_token) {
    adapters::SystemEntropy entropy;
    options.admin_token = make_admin_token(entropy);
  }
  observe::start_log(log_options(options));
  const auto bounds = bounds_of(options, descriptors);
  if (!bounds) return fail(bounds.error());
  auto house = House::build(std::move(options));
  if (!house) return fail(std::move(house.error()));
  Result<void> loaded = load(**house, prepare);
  if (!loaded) return fail(std::move(loaded.error()));
  auto listeners = open_listeners((*house)->options(), *bounds);
  if (!listeners) return fail(std::move(listeners.error()));
  std::unique_ptr<GatewayProcess> process(new GatewayProcess(std::move(*house), std::move(*listeners), make_token));
  process->start_data_plane();
  return process;
}

// A record that is away, and may come, is awaited while the gateway says why it is not ready.
Result<void> GatewayProcess::load(House& house, const std::function<Result<void>(House&)>& prepare) {
  Result<void> done = prepare ? prepare(house) : Result<void>{};
  if (done) done = house.load().run_now();
  if (done || !house.record->is_awaited() || !can_pass(done.error())) return done;
  house.readiness.waiting_for("the record: " + done.error().message);
  return {};
}

Result<GatewayProcess::Listeners> GatewayProcess::open_listeners(const Options& options,
                                                                 const ConnectionBounds& bounds) {
  auto tls = server_tls(options);
  if (!tls) return fail(std::move(tls.error()));
  auto data = adapters::HttpListener::open(data_settings(options, bounds), *tls);
  if (!data) return fail(std::move(data.error()));
  auto admin = adapters::HttpListener::open(operator_settings(options, bounds, options.admin_listen), *tls);
  if (!admin) return fail(std::move(admin.error()));
  auto metrics = adapters::HttpListener::open(operator_settings(options, bounds, options.metrics_listen));
  if (!metrics) return fail(std::move(metrics.error()));
  return Listeners{std::move(*tls), std::move(*data), std::move(*admin), std::move(*metrics)};
}

GatewayProcess::GatewayProcess(std::unique_ptr<House> house, Listeners listeners, bool token_was_made)
    : house_(std::move(house)),
      listeners_(std::move(listeners)),
      token_was_made_(token_was_made),
      upstream_(loop_, house_->dialer),
      tenant_names_(house_->record->store()),
      share_watch_(loop_, *house_),
      upkeep_(loop_, *house_, upstream_),
      management_api_(
          admin_dependencies(*house_, share_watch_, upstream_, upkeep_, listeners_.admin->settings().connections_max)),
      metrics_service_(house_->metrics) {
  ports::Loop::set_current(&loop_);
  house_->desk.attach(loop_);
  house_->call_audit.attach(loop_);
  add_gauges(*house_, share_watch_, tenant_names_);
  add_connection_gauges(house_->metrics, *listeners_.data, "data");
  add_connection_gauges(house_->metrics, *listeners_.admin, "admin");
  add_connection_gauges(house_->metrics, *listeners_.metrics, "metrics");
  admin_server_ = std::make_unique<adapters::HttpServer>(loop_, *listeners_.admin, management_api_);
  metrics_server_ = std::make_unique<adapters::HttpServer>(loop_, *listeners_.metrics, metrics_service_);
  signals_ = std::make_unique<adapters::SignalWatch>(loop_, std::initializer_list<int>{SIGTERM, SIGINT, SIGHUP},
                                                     [this](int number) { handle_signal(number); });
  upkeep_.start(tenant_names_);
  if (house_->redis) join_replicas();
  share_watch_.start();
}

// What this replica shares with others is spoken of on the administration's loop.
void GatewayProcess::join_replicas() {
  redis_ = std::make_unique<adapters::RedisLink>(loop_, house_->redis->server);
  redis_budgets_ = std::make_unique<adapters::RedisBudgetLedger>(*redis_, *house_->shared_budgets);
  house_->standings = redis_budgets_.get();
  spare_refresh_ = std::make_unique<adapters::SpareRefresh>(*redis_, *house_->shared_budgets);
  redis_presence_ = std::make_unique<adapters::RedisPresence>(
      *redis_, house_->redis->feed.own_name(),
      adapters::RedisPresence::Told{.counted =
                                        [this](std::uint32_t replicas) {
                                          house_->shared_budgets->spare.learn_replicas(replicas);
                                          spare_refresh_->ask();
                                        },
                                    .forgotten = [this] { redis_budgets_->renew_all(); }});
  redis_news_ = std::make_unique<adapters::RedisChangeListener>(loop_, house_->redis->server, house_->redis->feed);
  redis_peers_ = std::make_unique<adapters::RedisPeers>(*redis_, pool_name);
  share_sync_ = std::make_unique<gateway::ShareSync>(
      gateway::ShareSync::Sources{loop_, *redis_peers_, house_->desk,
                                  [&readiness = house_->readiness] { return readiness.loaded(); }},
      gateway::ReplicaShare::Identity{.replica = house_->redis->feed.own_name(),
                                      .place = house_->place,
                                      .expected = house_->options().replicas_expected},
      [&readiness = house_->readiness](const gateway::ReplicaShare::Status& now) {
        readiness.set_slots({.lease = now.lease, .replicas = now.replicas, .shared = !now.starting && !now.degraded});
      });
  share_sync_->start();
}

// The loops go first, then what they served from.
GatewayProcess::~GatewayProcess() {
  for (auto& thread : data_threads_)
    thread->end();
  redis_news_.reset();
  redis_presence_.reset();
  if (redis_) redis_->close();
  signals_.reset();
  metrics_server_.reset();
  admin_server_.reset();
  house_->desk.detach(loop_);
  house_->end_workers();
  data_threads_.clear();
  ports::Loop::set_current(nullptr);
  observe::stop_log();
}

void GatewayProcess::start_data_plane() {
  for (std::size_t thread = 0; thread < thread_count(house_->options()); ++thread) {
    data_threads_.push_back(std::make_unique<LoopThread<DataThread>>(
        [this](adapters::EpollLoop& loop) { return std::make_unique<DataThread>(loop, *house_, *listeners_.data); }));
  }
}

std::string GatewayProcess::listening_line() const {
  return "obleth " + std::string(version) + " listening on " + listeners_.data->address().text() + ", admin on " +
         listeners_.admin->address().text() + ", metrics on " + listeners_.metrics->address().text();
}

int GatewayProcess::run_until_signalled() {
  loop_.run();
  return EXIT_SUCCESS;
}

void GatewayProcess::handle_signal(int number) {
  if (number == SIGHUP) {
    reload_after_hangup();
    return;
  }
  // The second one is an operator in a hurry.
  if (stopping_) std::_Exit(EXIT_SUCCESS);
  stopping_ = true;
  spawn(stop());
}

void GatewayProcess::reload_after_hangup() {
  if (reread_) {
    const Result<Options> options = reread_();
    if (options) house_->restart_with(*options);
    if (!options) {
      observe::log(observe::LogLevel::error, "the settings could not be read again; the former ones stay in use",
                   {{"reason", options.error().message}});
    }
  }
  if (!listeners_.tls) return;
  const Result<void> reloaded = listeners_.tls->reload();
  if (!reloaded) {
    observe::log(observe::LogLevel::error, "the TLS files could not be read again; the former ones stay in use",
                 {{"reason", reloaded.error().message}});
  }
}

Task<void> GatewayProcess::stop() {
  const ShutdownTimes times{house_->options().drain_notice, house_->options().shutdown_grace};
  co_await shut_down(loop_, house_->readiness, *listeners_.data, data_threads_, times);
  if (share_sync_) co_await share_sync_->leave();
  co_await upkeep_.finish();
  share_watch_.stop();
  management_api_.end_streams();
  ports::UsageBacklog& backlog = house_->backlog();
  const Result<void> delivered = co_await backlog.delivered(last_delivery);
  if (!delivered) {
    observe::log(observe::LogLevel::warn, "the rest of the spool is delivered at the next start",
                 {{"reason", delivered.error().message}});
  }
  co_await house_->keys.flush_uses();
  co_await house_->call_audit.finish();
  loop_.stop();
}

}  // namespace obleth::app
