// The running gateway: its house, its listeners, its threads, from start to exit. Main thread.
//
// The main thread's loop is the administration's: Management API, metrics page, upkeep, signals. The data plane has
// threads of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/http_client/http_client.hpp"
#include "adapters/http_server/http_server.hpp"
#include "adapters/os/signal_watch.hpp"
#include "adapters/redis/redis_budget_ledger.hpp"
#include "adapters/redis/redis_change_feed.hpp"
#include "adapters/redis/redis_link.hpp"
#include "adapters/redis/redis_peers.hpp"
#include "adapters/redis/redis_presence.hpp"
#include "adapters/redis/spare_refresh.hpp"
#include "admin/management_api.hpp"
#include "app/connection_bounds.hpp"
#include "app/house.hpp"
#include "app/metrics_service.hpp"
#include "app/share_watch.hpp"
#include "app/shutdown.hpp"
#include "app/tenant_names.hpp"
#include "app/upkeep.hpp"
#include "gateway/share_sync.hpp"

namespace obleth::app {

class GatewayProcess {
 public:
  // Opens stores and listeners, loads the configuration, starts the data plane: it serves when this returns.
  // prepare: called when the stores are open and before anything is loaded from them (the demo's records); may be
  // empty. Faults: a bad setting, a store that cannot be opened, an address that is taken; those of prepare.
  [[nodiscard]] static Result<std::unique_ptr<GatewayProcess>> start(
      Options options, const std::function<Result<void>(House&)>& prepare = {});
  // How SIGHUP reads the settings again, for those that can change; empty: it does not.
  void reread_with(std::function<Result<Options>()> reread) { reread_ = std::move(reread); }
  ~GatewayProcess();

  // "obleth 0.1.0 listening on 127.0.0.1:8080, admin on 127.0.0.1:9090, metrics on 127.0.0.1:9091"
  [[nodiscard]] std::string listening_line() const;
  [[nodiscard]] const Secret& admin_token() const { return house_->options().admin_token; }
  [[nodiscard]] bool token_was_made() const { return token_was_made_; }
  [[nodiscard]] House& house() { return *house_; }
  [[nodiscard]] const adapters::NetAddress& address() const { return listeners_.data->address(); }
  [[nodiscard]] const adapters::NetAddress& admin_address() const { return listeners_.admin->address(); }

  // Serves until SIGTERM or SIGINT, drains, and gives the exit code. A second signal ends it at once.
  [[nodiscard]] int run_until_signalled();

 private:
  struct Listeners {
    std::shared_ptr<adapters::TlsCredentials> tls;  // null: in the clear
    std::unique_ptr<adapters::HttpListener> data;
    std::unique_ptr<adapters::HttpListener> admin;
    std::unique_ptr<adapters::HttpListener> metrics;
  };
  GatewayProcess(std::unique_ptr<House> house, Listeners listeners, bool token_was_made);
  static Result<void> load(House& house, const std::function<Result<void>(House&)>& prepare);
  static Result<Listeners> open_listeners(const Options& options, const ConnectionBounds& bounds);

  void join_replicas();
  void start_data_plane();
  void handle_signal(int number);
  void reload_after_hangup();
  Task<void> stop();

  std::unique_ptr<House> house_;
  Listeners listeners_;
  bool token_was_made_;
  adapters::EpollLoop loop_;  // the administration's
  adapters::HttpClient upstream_;
  TenantNames tenant_names_;
  ShareWatch share_watch_;
  Upkeep upkeep_;
  admin::ManagementApi management_api_;
  MetricsService metrics_service_;
  std::unique_ptr<adapters::HttpServer> admin_server_;
  std::unique_ptr<adapters::HttpServer> metrics_server_;
  std::unique_ptr<adapters::SignalWatch> signals_;
  std::unique_ptr<adapters::RedisLink> redis_;  // null where none is configured
  std::unique_ptr<adapters::RedisBudgetLedger> redis_budgets_;
  std::unique_ptr<adapters::SpareRefresh> spare_refresh_;
  std::unique_ptr<adapters::RedisPresence> redis_presence_;
  std::unique_ptr<adapters::RedisChangeListener> redis_news_;
  std::unique_ptr<adapters::RedisPeers> redis_peers_;
  std::unique_ptr<gateway::ShareSync> share_sync_;
  DataThreads data_threads_;
  std::function<Result<Options>()> reread_;
  bool stopping_ = false;
};

}  // namespace obleth::app
