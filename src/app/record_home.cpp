#include "app/record_home.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/postgres/postgres_change_feed.hpp"
#include "adapters/sqlite/sqlite_record_store.hpp"
#include "app/data_files.hpp"
#include "observe/log.hpp"

namespace obleth::app {
namespace {

class RecordInFile final : public RecordHome {
 public:
  explicit RecordInFile(std::unique_ptr<adapters::SqliteRecordStore> store) : store_(std::move(store)) {}

  [[nodiscard]] std::string_view name() const override { return "record"; }
  [[nodiscard]] ports::RecordStore& store() override { return *store_; }
  [[nodiscard]] ports::SpendingCheckpoints& checkpoints() override { return *store_; }
  void tell_replicas(ports::ChangeFeed&, Bits128) override {}
  [[nodiscard]] ports::ChangeFeed* shared_feed() override { return nullptr; }
  [[nodiscard]] bool is_awaited() const override { return false; }
  void watch(observe::Metrics& metrics, observe::Readiness&) override {
    store_->watch_calls([this, &metrics](std::string_view operation, Duration took) {
      metrics.record_store_call(name(), operation, took);
    });
  }
  void end() override { store_.reset(); }

 private:
  std::unique_ptr<adapters::SqliteRecordStore> store_;
};

class RecordInPostgres final : public RecordHome {
 public:
  RecordInPostgres(std::unique_ptr<adapters::PostgresRecordStore> store, adapters::PostgresAddress address)
      : store_(std::move(store)), address_(std::move(address)) {}

  [[nodiscard]] std::string_view name() const override { return "postgres"; }
  [[nodiscard]] ports::RecordStore& store() override { return *store_; }
  [[nodiscard]] ports::SpendingCheckpoints& checkpoints() override { return *store_; }
  void tell_replicas(ports::ChangeFeed& local, Bits128 replica) override {
    feed_ = std::make_unique<adapters::PostgresChangeFeed>(*store_, local, address_,
                                                           adapters::FeedSettings{.replica = replica});
  }
  [[nodiscard]] ports::ChangeFeed* shared_feed() override { return feed_.get(); }
  [[nodiscard]] bool is_awaited() const override { return true; }
  void watch(observe::Metrics& metrics, observe::Readiness& readiness) override {
    store_->watch_calls([this, &metrics](std::string_view operation, Duration took) {
      metrics.record_store_call(name(), operation, took);
    });
    store_->watch_health([this, &readiness](bool up, const Fault& why_not) {
      readiness.set_store(name(), up, up ? "" : why_not.message);
      tell(up, why_not);
    });
  }
  void end() override {
    feed_.reset();
    store_.reset();
  }

 private:
  // Once for each time that it goes and comes: the reason may change while it is away.
  void tell(bool up, const Fault& why_not) {
    if (up == was_up_.exchange(up)) return;
    if (up) observe::log(observe::LogLevel::info, "the record answers again");
    if (!up) {
      observe::log(observe::LogLevel::error, "the record does not answer: keys that are known go on",
                   {{"reason", why_not.message}});
    }
  }

  std::atomic<bool> was_up_ = true;
  std::unique_ptr<adapters::PostgresRecordStore> store_;
  const adapters::PostgresAddress address_;
  std::unique_ptr<adapters::PostgresChangeFeed> feed_;  // null: something else tells the replicas
};

// The addresses of the record's hosts, for its own threads, which have no loop. The one that they share is made at the
// start: a process whose descriptors are used up may make none.
class HostAddresses {
 public:
  explicit HostAddresses(adapters::Resolver& resolver) : resolver_(resolver) {}

  Result<std::vector<std::string>> find(const std::string& host, Duration at_most) {
    if (adapters::NetAddress::parse(host, 0)) return std::vector<std::string>{host};
    const auto until = std::chrono::steady_clock::now() + at_most;
    const std::unique_lock one_at_a_time(mutex_, until);
    if (!one_at_a_time)
      return fail(store_fault(FaultKind::unavailable, "others still wait for the address of " + host));
    std::optional<Result<adapters::Resolver::Addresses>> found;
    spawn(ask(host, loop_.refresh_now() + (until - std::chrono::steady_clock::now()), found));
    while (!found)
      loop_.turn(Duration::max());
    if (!*found) return fail(std::move(found->error()));
    std::vector<std::string> texts;
    for (const adapters::NetAddress& address : **found)
      texts.push_back(address.host_text());
    return texts;
  }

 private:
  Task<void> ask(std::string host, Instant until, std::optional<Result<adapters::Resolver::Addresses>>& into) {
    auto addresses = co_await resolver_.resolve(loop_, std::move(host), 0, until, nullptr);
    into.emplace(std::move(addresses));
  }

  adapters::Resolver& resolver_;
  std::timed_mutex mutex_;
  adapters::EpollLoop loop_;  // of who has the mutex
};

Result<std::unique_ptr<RecordHome>> open_postgres(const Options& options, const ports::SecretSealer& sealer,
                                                  adapters::Resolver& resolver) {
  auto address = adapters::PostgresAddress::parse(options.database_url, options.database_ca);
  if (!address) return fail(std::move(address.error()));
  address->find_addresses_with(
      [addresses = std::make_shared<HostAddresses>(resolver)](const std::string& host, Duration at_most) {
        return addresses->find(host, at_most);
      });
  auto store = adapters::PostgresRecordStore::open(*address, sealer);
  if (!store) return fail(std::move(store.error()));
  return std::make_unique<RecordInPostgres>(std::move(*store), std::move(*address));
}

}  // namespace

Result<std::unique_ptr<RecordHome>> RecordHome::open(const Options& options, const ports::SecretSealer& sealer,
                                                     adapters::Resolver& resolver) {
  if (adapters::PostgresAddress::is_one(options.database_url.reveal())) return open_postgres(options, sealer, resolver);
  auto file = record_file_of(options);
  if (!file) return fail(std::move(file.error()));
  auto store = adapters::SqliteRecordStore::open({.path = std::move(*file)}, sealer);
  if (!store) return fail(std::move(store.error()));
  return std::make_unique<RecordInFile>(std::move(*store));
}

}  // namespace obleth::app
