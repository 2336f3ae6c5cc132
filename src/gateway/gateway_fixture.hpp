// For tests: the whole request path with the real admission desk between a client and inference servers in memory.
//
//   TestGateway gateway;
//   gateway.upstream.will_answer(json_answer(503, "{}"));
//   EXPECT_EQ(gateway.ask(chat()).client.status, 503);
//
// Time passes only when a test says so. Nothing is shared between two gateways but the process's log. One thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/crypto/sha256_digester.hpp"
#include "adapters/memory/response_cache.hpp"
#include "adapters/os/root_task.hpp"
#include "gateway/await_turn.hpp"
#include "gateway/client_fixture.hpp"
#include "gateway/request_path.hpp"
#include "gateway/store_fixture.hpp"
#include "gateway/upstream_fixture.hpp"
#include "mock/fake_loop.hpp"
#include "observe/log.hpp"

namespace obleth::gateway {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// What the log and so the ledger knows of one request.
class Row {
 public:
  Row() = default;
  explicit Row(std::string line) : line_(std::move(line)) {}
  [[nodiscard]] bool written() const { return !line_.empty(); }
  // The value as it stands in JSON, less its quotes; "" when there is none.
  [[nodiscard]] std::string text(std::string_view name) const {
    const std::string mark = "\"" + std::string(name) + "\":";
    const std::size_t at = line_.find(mark);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + mark.size();
    const bool quoted = line_[begin] == '"';
    return quoted ? line_.substr(begin + 1, line_.find('"', begin + 1) - begin - 1)
                  : line_.substr(begin, line_.find_first_of(",}", begin) - begin);
  }
  [[nodiscard]] long number(std::string_view name) const { return std::strtol(text(name).c_str(), nullptr, 10); }

 private:
  std::string line_;
};

// One request on its way. Destroying it ends it wherever it waits.
class Conversation {
 public:
  Conversation(RequestPath& path, const ClientRequest& request, Instant now, EventId id_expected)
      : client(request, now), id(id_expected), path_(path) {}
  void begin() { task_ = run(); }

  FakeClient client;
  const EventId id;
  bool ended = false;

 private:
  adapters::RootTask run() {
    co_await path_.serve(client);
    ended = true;
  }
  RequestPath& path_;
  adapters::RootTask task_;  // last: its frames refer to what stands above
};

// Keeps rows in memory; may be told to take its time with them.
class RecordingJournal final : public ports::UsageJournal {
 public:
  explicit RecordingJournal(ports::Loop& loop) : loop_(loop) {}
  Task<void> keep(const UsageRecord& record) override {
    rows.push_back(record);
    if (takes > Duration::zero()) {
      const bool came = co_await ports::Pause(loop_, loop_.now() + takes);
      static_cast<void>(came);
    }
    ++kept;
  }

  std::vector<UsageRecord> rows;
  std::size_t kept = 0;  // of rows, those whose keeping is over
  Duration takes{0};

 private:
  ports::Loop& loop_;
};

class LoopClock final : public ports::Clock {
 public:
  explicit LoopClock(const ports::Loop& loop) : loop_(loop) {}
  [[nodiscard]] Instant now() const override { return loop_.now(); }
  [[nodiscard]] WallTime wall_now() const override { return loop_.wall_now(); }

 private:
  const ports::Loop& loop_;
};

struct GatewayBounds {
  fairshare::AdmissionLimits admission = {.capacity = 4};
  std::uint64_t body_memory_bytes = 8 << 20;
  std::uint64_t capture_bytes = 8 << 20;
  std::uint32_t failed_keys_per_minute = 0;
};

class TestGateway {
 public:
  explicit TestGateway(const GatewayBounds& bounds = {})
      : failed_keys(bounds.failed_keys_per_minute, 1),
        desk(bounds.admission),
        body_memory(bounds.body_memory_bytes),
        captures(bounds.capture_bytes),
        log_(std::tmpfile()) {
    keys.known[good_secret] = some_key();
    catalog.models = {some_model()};
    readiness.configuration_loaded();
    desk.attach(loop);
    listen_to_log();
  }
  TestGateway(const TestGateway&) = delete;
  TestGateway& operator=(const TestGateway&) = delete;
  ~TestGateway() {
    desk.detach(loop);
    observe::stop_log();
    std::fclose(log_);
  }

  // Sends a request and turns the loop as long as no time has to pass.
  std::unique_ptr<Conversation> begin(const ClientRequest& request) {
    auto conversation = prepare(request);
    start(*conversation);
    return conversation;
  }
  // For tests that set up the client first.
  std::unique_ptr<Conversation> prepare(const ClientRequest& request) {
    return std::make_unique<Conversation>(path_, request, loop.now(), EventId{{0, entropy.drawn() + 1}});
  }
  void start(Conversation& conversation) {
    policies_.publish(policy);
    tell_models();
    conversation.begin();
    loop.advance(Duration{0});
  }

  struct Asked {
    std::unique_ptr<Conversation> conversation;
    FakeClient& client;
    Row row;
  };
  // A request to its end.
  Asked ask(const ClientRequest& request) {
    auto conversation = begin(request);
    finish(*conversation);
    FakeClient& client = conversation->client;
    const EventId id = conversation->id;
    return {std::move(conversation), client, row_of(id)};
  }
  // Lets time pass until it has ended; it has to, within a quarter of an hour.
  void finish(const Conversation& conversation) {
    for (int step = 0; step < 900'000 && !conversation.ended; ++step)
      loop.advance(milliseconds(1));
    ensure(conversation.ended, "a request of a test did not end");
  }

  [[nodiscard]] Row row_of(EventId id) {
    const std::string mark = "\"id\":\"" + id.hex() + "\"";
    std::string found;
    for (const std::string& line : read_log()) {
      if (line.find(mark) == std::string::npos) continue;
      ensure(found.empty(), "a request is reported once");
      found = line;
    }
    return Row(found);
  }
  [[nodiscard]] RequestPath& path() { return path_; }
  [[nodiscard]] Row row_of(const Conversation& conversation) { return row_of(conversation.id); }

  // "obleth_tokens_total{model=\"m\",type=\"input\"}"; "" when there is no such series.
  [[nodiscard]] std::string metric(const std::string& series) const {
    const std::string page = metrics.render(observe::Exposition::prometheus);
    const std::size_t at = page.find("\n" + series + " ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + series.size() + 2;
    return page.substr(begin, page.find('\n', begin) - begin);
  }

  // Nothing is held any more: no slot, no place in the queue, no reservation, no body, no upstream connection.
  [[nodiscard]] bool holds_nothing() const {
    return desk.in_flight() == 0 && desk.queued() == 0 && ledger_is_even() && body_memory.held_bytes() == 0 &&
           captures.held_bytes() == 0 && upstream.open_answers == 0;
  }
  // Every reservation was settled, and none twice.
  [[nodiscard]] bool ledger_is_even() const {
    std::map<EventId, int> open;
    if (!ledger.refusal) {
      for (const auto& reserve : ledger.reserves)
        ++open[reserve.reservation];
    }
    for (const auto& settle : ledger.settles)
      --open[settle.reservation];
    return std::ranges::all_of(open, [](const auto& one) { return one.second == 0; });
  }

  ResolvedKey& who() { return keys.known[good_secret]; }
  Model& model() { return catalog.models.front(); }
  void serve_everything_else_at(std::string_view url) { policy.default_upstream = *parse_upstream_address(url); }

  mock::FakeLoop loop;
  Policy policy;  // of the requests that begin from now on
  CountingEntropy entropy;
  FakeKeys keys;
  FailedKeyThrottle failed_keys;
  FakeCatalog catalog;
  FakeLedger ledger;
  FakeUpstream upstream{loop};
  AdmissionDesk desk;
  EndpointDesk endpoints{&desk};
  BodyMemory body_memory;
  Estimates estimates;
  observe::Metrics metrics{{.version = "test"}};
  observe::Readiness readiness;
  RecordingJournal journal{loop};
  LoopClock clock{loop};
  adapters::MemoryResponseCache responses{clock, 16 << 20};
  adapters::Sha256Digester digester;
  BodyMemory captures;

 private:
  // As a ConfigurationFollower does.
  void tell_models() {
    for (const Model& each : catalog.models) {
      const fairshare::ModelSettings settings = fairshare_settings(each);
      if (std::exchange(told_models_[each.id], settings) == settings) continue;
      desk.configure(fairshare::SetModel{.model = each.id, .settings = settings}, loop.now());
    }
  }
  void listen_to_log() {
    observe::start_log(
        {.level = observe::LogLevel::info, .format = observe::LogFormat::json, .descriptor = fileno(log_)});
  }
  std::vector<std::string> read_log() {
    observe::stop_log();
    std::vector<std::string> lines;
    std::rewind(log_);
    std::string line;
    for (int byte = std::fgetc(log_); byte != EOF; byte = std::fgetc(log_)) {
      if (byte != '\n') {
        line.push_back(static_cast<char>(byte));
      } else {
        lines.push_back(std::exchange(line, {}));
      }
    }
    listen_to_log();
    return lines;
  }

  std::FILE* log_;
  std::map<ModelId, fairshare::ModelSettings> told_models_;
  PolicyBoard policies_{policy};
  ThreadPolicy thread_policy_{policies_};
  RequestPath path_{loop,
                    {thread_policy_,
                     entropy,
                     keys,
                     failed_keys,
                     catalog,
                     ledger,
                     upstream,
                     desk,
                     endpoints,
                     body_memory,
                     estimates,
                     metrics,
                     readiness,
                     journal,
                     {responses, digester, captures}}};
};

// The member of the error object, as JSON: "null", or text with its quotes taken off.
inline std::string error_member(const FakeClient& client, std::string_view name) {
  return Row(client.body()).text(name);
}

}  // namespace obleth::gateway
