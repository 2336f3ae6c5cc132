// The production stages of the request path as a scheduler of a simulation: every request is a real one, with a key, a
// body and a stream of events for an answer, on a loop whose time is the simulation's.
//
// A request is granted when the path sends it to the server; an end is the end of the stream, a client that hangs up,
// or a server that breaks off. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "adapters/crypto/sha256_digester.hpp"
#include "adapters/memory/response_cache.hpp"
#include "adapters/os/root_task.hpp"
#include "adapters/os/system_clock.hpp"
#include "gateway/client_fixture.hpp"
#include "gateway/request_path.hpp"
#include "gateway/store_fixture.hpp"
#include "mock/fake_loop.hpp"
#include "sim/answer_stream.hpp"
#include "sim/scheduler.hpp"

namespace obleth::sim {

class Stages final : public Scheduler, private ports::Upstream {
 public:
  explicit Stages(const fairshare::AdmissionLimits& limits);
  ~Stages() override;

  void step(const Event& event, Instant now, Actions& actions) override;
  [[nodiscard]] Instant next_wakeup() const override { return Instant{}; }  // the loop is turned every time
  [[nodiscard]] std::uint32_t in_flight() const override { return desk_.in_flight(); }
  [[nodiscard]] std::uint32_t queued() const override { return desk_.queued(); }

 private:
  // One request on its way through the stages.
  struct Talk {
    Talk(std::uint64_t number, std::uint64_t of_waiter, const gateway::ClientRequest& request, Instant now)
        : serial(number), waiter(of_waiter), client(request, now) {}
    std::uint64_t serial;
    std::uint64_t waiter;
    std::int64_t cap = 0;
    std::int64_t produced = 0;
    bool granted = false;
    bool told_queued = false;
    bool ended = false;
    gateway::FakeClient client;
    std::shared_ptr<AnswerStream> stream;
    adapters::RootTask task;  // last: its frames refer to what stands above
  };

  // Every request that ends has one row.
  struct Rows final : ports::UsageJournal {
    Task<void> keep(const UsageRecord& record) override;
    std::set<EventId> kept;
  };

  void on(const fairshare::Arrive& event);
  void on(const fairshare::Progress& event);
  void on(const fairshare::Finish& event);
  void on(const fairshare::Withdraw& event);
  void on(const fairshare::Tick&) {}
  void on(const fairshare::SetTenant& event);
  void on(const fairshare::SetModel& event);
  void on(const auto& event) { desk_.configure(event, loop_.now()); }

  Task<Result<std::unique_ptr<ports::UpstreamAnswer>>> send(const ports::UpstreamCall& call) override;
  adapters::RootTask serve(Talk& talk);
  void turn();
  void produce(Talk& talk, std::int64_t output_tokens);
  [[nodiscard]] std::string secret_of(const fairshare::Arrive& event);
  [[nodiscard]] std::string model_name(ModelId id);

  mock::FakeLoop loop_;
  Instant start_;
  gateway::PolicyBoard policies_;
  gateway::ThreadPolicy policy_{policies_};
  gateway::CountingEntropy entropy_;
  gateway::FakeKeys keys_;
  gateway::FailedKeyThrottle failed_keys_{0, 1};
  gateway::FakeCatalog catalog_;
  gateway::FakeLedger ledger_;
  gateway::AdmissionDesk desk_;
  gateway::EndpointDesk endpoints_;  // tells nobody: the world says itself which servers are up
  gateway::BodyMemory body_memory_{4ULL << 30};
  gateway::Estimates estimates_;
  observe::Metrics metrics_{{.version = "simulated"}};
  observe::Readiness readiness_;
  Rows rows_;
  adapters::SystemClock clock_;
  adapters::MemoryResponseCache responses_{clock_, 0};
  adapters::Sha256Digester digester_;
  gateway::BodyMemory captures_{0};
  gateway::RequestPath path_;
  std::map<TenantId, std::uint32_t> weights_;  // that were set while it ran
  std::map<std::uint64_t, std::unique_ptr<Talk>> talks_;
  std::uint64_t talks_begun_ = 0;
  std::uint64_t talks_ended_ = 0;
  Actions* actions_ = nullptr;
};

}  // namespace obleth::sim
