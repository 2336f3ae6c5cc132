// The object graph: everything that all threads share, built once from the options. Decides nothing.
//
// Built on the main thread before any loop runs; destroyed there after all loops have ended.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/caching/caching_key_directory.hpp"
#include "adapters/caching/caching_model_catalog.hpp"
#include "adapters/caching/tiered_response_cache.hpp"
#include "adapters/crypto/aes_gcm_sealer.hpp"
#include "adapters/crypto/key_hasher.hpp"
#include "adapters/crypto/sha256_digester.hpp"
#include "adapters/memory/budget_ledger.hpp"
#include "adapters/memory/change_feed.hpp"
#include "adapters/memory/delivered_spending.hpp"
#include "adapters/memory/response_cache.hpp"
#include "adapters/memory/session_book.hpp"
#include "adapters/os/dialer.hpp"
#include "adapters/os/resolver.hpp"
#include "adapters/os/system_clock.hpp"
#include "adapters/os/system_entropy.hpp"
#include "adapters/os/unsettled_file.hpp"
#include "adapters/redis/redis_budgets.hpp"
#include "adapters/redis/redis_session_book.hpp"
#include "adapters/spool/delivery.hpp"
#include "app/live_settings.hpp"
#include "app/loop_thread.hpp"
#include "app/options.hpp"
#include "app/record_home.hpp"
#include "app/shared_redis.hpp"
#include "app/usage_home.hpp"
#include "gateway/configuration_follower.hpp"
#include "gateway/request_path.hpp"
#include "mcp/mcp_path.hpp"
#include "observe/health.hpp"
#include "observe/metrics.hpp"

namespace obleth::app {

class House {
  struct Parts;
  House(Options options, Parts parts);
  void tell_unbilled();
  void obey_settings();
  [[nodiscard]] Result<void> open_spool();

  LiveSettings settings_;
  const Options& options_;  // of settings_: those in force

 public:
  // Faults: a bad setting (named), a store that is not ours or cannot be opened.
  [[nodiscard]] static Result<std::unique_ptr<House>> build(Options options);
  ~House();
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  // Those in force; they change in the call below, and when the record's are read. Administration thread.
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const LiveSettings& live_settings() const { return settings_; }
  // Settings that may change, read once more where the process was started with them.
  void restart_with(const Options& reread);

  // Models, groups and capacity of the record; ready after it. On the main thread before a loop runs, else on the
  // administration's.
  Task<Result<void>> load();

  // Where changes are told, to other replicas too where there may be some.
  [[nodiscard]] ports::ChangeFeed& publishing_feed();

  // What was kept and is not in the ledger yet.
  [[nodiscard]] ports::UsageBacklog& backlog() { return delivery_->resident(); }

  // Ends the threads of stores, delivery and resolver, after the last loop has stopped and while the loops still exist:
  // an answer that is under way then has somewhere to go.
  void end_workers();

  // What a thread of the data plane has to itself.
  struct ThreadsOwn {
    gateway::ThreadPolicy& policy;
    ports::Upstream& upstream;
    ports::UsageJournal& journal;
    ports::BudgetLedger& budgets;
  };
  // A thread's own view of the services.
  [[nodiscard]] gateway::Services services(const ThreadsOwn& own);

  [[nodiscard]] mcp::McpServices mcp_services();

  adapters::SystemClock clock;
  adapters::SystemEntropy entropy;
  observe::Readiness readiness;
  observe::Metrics metrics;
  std::unique_ptr<adapters::Resolver> resolver;
  adapters::KeyHasher hasher;
  std::unique_ptr<adapters::AesGcmSealer> sealer;
  std::unique_ptr<RecordHome> record;
  std::unique_ptr<UsageHome> usage;
  std::unique_ptr<adapters::Spool> spool;
  adapters::InProcessChangeFeed feed;  // of this process; what is published goes through publishing_feed()
  std::string place;                   // of its files, the same at every start; empty: not known, or nobody asks
  std::unique_ptr<SharedRedis> redis;  // null: everything is kept in this process
  adapters::CachingKeyDirectory keys;
  gateway::FailedKeyThrottle failed_keys;
  adapters::CachingModelCatalog catalog;
  std::unique_ptr<adapters::UnsettledFile> unsettled;  // null: it cannot be written
  adapters::DeliveredSpending spending;
  adapters::MemoryBudgetLedger ledger;                     // of this process alone
  std::unique_ptr<adapters::RedisBudgets> shared_budgets;  // null: the ledger above is used
  ports::BudgetLedger* standings = &ledger;                // what the main thread asks how budgets stand
  adapters::Sha256Digester digester;
  adapters::MemorySessionBook sessions{clock};
  std::unique_ptr<adapters::RedisSessionBook> shared_sessions;  // null: sessions are this replica's alone
  adapters::MemoryResponseCache responses;
  std::unique_ptr<adapters::TieredResponseCache> tiered_responses;  // null: answers are this replica's alone
  gateway::BodyMemory capture_memory;
  mcp::ServerRegistry mcp_servers;
  mcp::AuditWriter call_audit;
  gateway::AdmissionDesk desk;
  gateway::EndpointDesk endpoints{&desk};
  gateway::BodyMemory body_memory;
  gateway::Estimates estimates;
  gateway::PolicyBoard policies;
  gateway::ConfigurationFollower follower;
  adapters::Dialer dialer;

 private:
  std::unique_ptr<LoopThread<adapters::Delivery>> delivery_;
};

}  // namespace obleth::app
