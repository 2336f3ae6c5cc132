#include "app/usage_home.hpp"

#include <optional>
#include <utility>

#include "adapters/clickhouse/clickhouse_usage_ledger.hpp"
#include "adapters/http_client/http_client.hpp"
#include "adapters/os/dialer.hpp"
#include "adapters/sqlite/sqlite_usage_ledger.hpp"
#include "app/data_files.hpp"
#include "app/loop_thread.hpp"
#include "observe/log.hpp"

namespace obleth::app {
namespace {

constexpr std::string_view clickhouse_name = "clickhouse";  // in metrics and readiness

class UsageInFile final : public UsageHome {
 public:
  explicit UsageInFile(std::unique_ptr<adapters::SqliteUsageLedger> ledger) : ledger_(std::move(ledger)) {}

  void start(adapters::Resolver&, observe::Metrics&, observe::Readiness&) override {}
  [[nodiscard]] ports::UsageSink& sink() override { return *ledger_; }
  [[nodiscard]] ports::SpendingBook& book() override { return *ledger_; }
  [[nodiscard]] ports::UsageLedger& ledger() override { return *ledger_; }
  Task<Result<bool>> forget_step(WallTime now, std::int64_t retention_days) override {
    return ledger_->forget_step(now, retention_days);
  }
  [[nodiscard]] bool tells_of_itself() const override { return false; }
  void end() override { ledger_.reset(); }

 private:
  std::unique_ptr<adapters::SqliteUsageLedger> ledger_;
};

// Its loop's own: a way to the server, and the ledger over it.
struct ClickHouseRoom {
  ClickHouseRoom(adapters::EpollLoop& loop, const adapters::Dialer& dialer,
                 const adapters::ClickHouseSettings& settings)
      : client(loop, dialer), ledger(loop, client, settings) {}

  adapters::HttpClient client;
  adapters::ClickHouseUsageLedger ledger;
};

class UsageInClickHouse final : public UsageHome {
 public:
  UsageInClickHouse(adapters::ClickHouseSettings settings, std::shared_ptr<const adapters::TlsCredentials> tls)
      : settings_(std::move(settings)), tls_(std::move(tls)) {}
  ~UsageInClickHouse() override { end(); }

  // The operator named this address: private networks are where a ClickHouse belongs.
  void start(adapters::Resolver& resolver, observe::Metrics& metrics, observe::Readiness& readiness) override {
    readiness.set_store(clickhouse_name, false, "no connection has been made yet");
    dialer_.emplace(resolver, adapters::AddressPolicy{}, tls_);
    room_ = std::make_unique<LoopThread<ClickHouseRoom>>([&](adapters::EpollLoop& loop) {
      auto room = std::make_unique<ClickHouseRoom>(loop, *dialer_, settings_);
      room->ledger.watch([this, &readiness](bool up, const std::string& why) { tell(readiness, up, why); },
                         [&metrics](std::string_view operation, Duration took) {
                           metrics.record_store_call(clickhouse_name, operation, took);
                         });
      return room;
    });
    room_->tell([](ClickHouseRoom& room) {
      spawn([](adapters::ClickHouseUsageLedger& ledger) -> Task<void> {
        const Result<void> made = co_await ledger.prepare();
        static_cast<void>(made);  // told by the watch
      }(room.ledger));
    });
  }
  [[nodiscard]] ports::UsageSink& sink() override { return room_->resident().ledger; }
  [[nodiscard]] ports::SpendingBook& book() override { return room_->resident().ledger; }
  [[nodiscard]] ports::UsageLedger& ledger() override { return room_->resident().ledger; }
  Task<Result<bool>> forget_step(WallTime now, std::int64_t retention_days) override {
    return room_->resident().ledger.tidy_step(now, retention_days);
  }
  [[nodiscard]] bool tells_of_itself() const override { return true; }
  void end() override {
    if (!room_) return;
    room_->tell([](ClickHouseRoom& room) { room.client.close_all(); });
    room_->end();
  }

 private:
  // On the room's loop. Once for each time that it goes and comes.
  void tell(observe::Readiness& readiness, bool up, const std::string& why) {
    readiness.set_store(clickhouse_name, up, up ? "" : why);
    if (std::exchange(was_up_, up) == up) return;
    if (up) {
      observe::log(observe::LogLevel::info, "ClickHouse answers");
    } else {
      observe::log(observe::LogLevel::error, "ClickHouse is away; rows of the ledger wait in the spool",
                   {{"reason", why}});
    }
  }

  const adapters::ClickHouseSettings settings_;
  std::shared_ptr<const adapters::TlsCredentials> tls_;
  std::optional<adapters::Dialer> dialer_;
  std::optional<bool> was_up_;
  std::unique_ptr<LoopThread<ClickHouseRoom>> room_;
};

Result<std::unique_ptr<UsageHome>> open_clickhouse(const Options& options) {
  auto tls = adapters::TlsCredentials::for_client(options.clickhouse_ca);
  if (!tls) return fail(std::move(tls.error()));
  adapters::ClickHouseSettings settings{.address = *options.clickhouse_url,
                                        .user = options.clickhouse_user,
                                        .password = options.clickhouse_password,
                                        .database = options.clickhouse_database};
  return std::make_unique<UsageInClickHouse>(std::move(settings), std::move(*tls));
}

}  // namespace

Result<std::unique_ptr<UsageHome>> UsageHome::open(const Options& options) {
  if (options.clickhouse_url) return open_clickhouse(options);
  auto ledger = adapters::SqliteUsageLedger::open({.path = usage_file_of(options)});
  if (!ledger) return fail(std::move(ledger.error()));
  return std::make_unique<UsageInFile>(std::move(*ledger));
}

}  // namespace obleth::app
