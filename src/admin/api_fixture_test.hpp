// The Management API over a real SQLite record in memory, asked through exchanges that live in memory, too.
//
// Calls are made without a loop, so they do not suspend. Requests go through the whole service: routing, tokens,
// bodies, answers.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/crypto/aes_gcm_sealer.hpp"
#include "adapters/crypto/key_hasher.hpp"
#include "adapters/sqlite/sqlite_record_store.hpp"
#include "admin/json.hpp"
#include "admin/management_api.hpp"

namespace obleth::admin {

class StillClock final : public ports::Clock {
 public:
  [[nodiscard]] Instant now() const override { return Instant(std::chrono::milliseconds(wall_.unix_ms)); }
  [[nodiscard]] WallTime wall_now() const override { return wall_; }
  void pass(std::int64_t ms) { wall_.unix_ms += ms; }

 private:
  WallTime wall_{1'800'000'000'000};
};

class CountingEntropy final : public ports::Entropy {
 public:
  void fill(std::span<unsigned char> bytes) override {
    for (unsigned char& byte : bytes)
      byte = static_cast<unsigned char>(next_++ * 37 + 11);
  }
  // Falling: what is left to chance stands the wrong way round.
  [[nodiscard]] Bits128 bits128() override { return {.high = 0xABCD, .low = ~next_++}; }

 private:
  std::uint64_t next_ = 1;
};

class RecordingFeed final : public ports::ChangeFeed {
 public:
  void publish(const ports::Change& change) override { changes.push_back(change); }
  Task<Result<void>> tell_replicas(std::vector<ports::Change>) override {
    if (reaches_replicas) co_return Result<void>();
    co_return fail(store_fault(FaultKind::unavailable, "the test's feed is down"));
  }
  void subscribe(std::function<void(const ports::Change&)>) override {}

  template <class Kind>
  [[nodiscard]] int count() const {
    int found = 0;
    for (const ports::Change& change : changes)
      found += std::holds_alternative<Kind>(change) ? 1 : 0;
    return found;
  }
  std::vector<ports::Change> changes;
  bool reaches_replicas = true;
};

struct Asked {
  std::string method;
  std::string target;
  std::string token;  // empty: none
  std::string body;
  std::string content_type = "application/json";
};

struct Answered {
  int status = 0;
  std::string head;
  std::string body;
  [[nodiscard]] Json json() const {
    const JsonOutcome parsed = parse_json(body);
    EXPECT_TRUE(parsed) << body;
    return parsed.value_or(Json());
  }
};

// One request as a listener would hand it over.
class MemoryExchange final : public ports::ClientExchange {
 public:
  explicit MemoryExchange(const Asked& asked) : asked_(asked), credential_("bearer " + asked.token) {
    head_.method = asked_.method;
    head_.target = asked_.target;
    head_.host = "here";
    EXPECT_TRUE(head_.fields.append({"Content-Type", asked_.content_type}));
    if (!asked_.token.empty()) EXPECT_TRUE(head_.fields.append({"Authorization", credential_}));
  }
  [[nodiscard]] const RequestHead& head() const override { return head_; }
  [[nodiscard]] Instant received_at() const override { return Instant(); }
  [[nodiscard]] std::string_view client_address() const override { return "10.1.2.3"; }
  Task<Result<std::string_view>> read_body() override {
    const std::string_view left = std::string_view(asked_.body).substr(read_);
    if (asked_.body.size() > body_bytes_max_)
      co_return fail(client_fault(FaultKind::too_large, "The body is too large."));
    const std::string_view piece = left.substr(0, 1 + left.size() / 2);
    read_ += piece.size();
    co_return piece;
  }
  void limit_body(std::uint64_t bytes_max) override { body_bytes_max_ = bytes_max; }
  [[nodiscard]] CancelSignal& departure() override { return departure_; }
  Task<Result<void>> start(int status, std::string_view head_lines, std::optional<std::uint64_t>,
                           std::string_view first) override {
    answered.status = status;
    answered.head = head_lines;
    answered.body = first;
    co_return Result<void>();
  }
  Task<Result<void>> write(std::string_view bytes) override {
    answered.body += bytes;
    co_return Result<void>();
  }
  Task<Result<void>> finish(std::string_view last) override {
    answered.body += last;
    finished = true;
    co_return Result<void>();
  }
  [[nodiscard]] bool started() const override { return answered.status != 0; }
  void close_after() override {}

  Answered answered;
  bool finished = false;

 private:
  Asked asked_;
  std::string credential_;
  RequestHead head_;
  CancelSignal departure_;
  std::size_t read_ = 0;
  std::uint64_t body_bytes_max_ = 0;
};

class ApiTest : public testing::Test {
 protected:
  static constexpr const char* root_token = "the-operators-own-token";

  ApiTest() { rebuild(true); }

  // Anew, on an empty record.
  void rebuild(bool with_encryption_key) {
    api.reset();
    const adapters::EncryptionKey key(adapters::EncryptionKey::Bytes{1, 2, 3});
    sealer =
        std::make_unique<adapters::AesGcmSealer>(with_encryption_key ? std::optional(key) : std::nullopt, std::nullopt);
    auto opened = adapters::SqliteRecordStore::open({.path = ":memory:"}, *sealer);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
    Dependencies given{.store = *store,
                       .feed = feed,
                       .clock = clock,
                       .entropy = entropy,
                       .hasher = hasher,
                       .sealer = *sealer,
                       .upstream = upstream,
                       .usage = usage,
                       .tokens = {{"root", Secret(root_token), AdminRole::admin}},
                       .version = "1.2.3",
                       .is_refused_host = [](std::string_view host) { return host.starts_with("169.254."); },
                       .obeyed = obeyed,
                       .count_untold = [this](std::size_t count, const Fault&) { untold += count; },
                       .live = live};
    api = std::make_unique<ManagementApi>(std::move(given));
  }

  Answered ask(const Asked& asked) {
    MemoryExchange exchange(asked);
    api->serve(exchange).run_now();
    EXPECT_TRUE(exchange.finished) << asked.method << " " << asked.target;
    return exchange.answered;
  }
  // With the operator's token, below the prefix.
  Answered call(std::string method, std::string_view path, std::string body = {}) {
    return ask({.method = std::move(method),
                .target = std::string(api_prefix) + std::string(path),
                .token = root_token,
                .body = std::move(body)});
  }
  Json expect_status(int status, std::string method, std::string_view path, std::string body = {}) {
    const std::string what = method + " " + std::string(path) + " " + body;
    const Answered answered = call(std::move(method), path, std::move(body));
    EXPECT_EQ(answered.status, status) << what << "\n" << answered.body;
    return answered.body.empty() ? Json() : answered.json();
  }
  // Refused with this status, every one of these fields named.
  void expect_refused(int status, std::string method, std::string_view path, std::string body,
                      const std::vector<std::string>& fields) {
    const Json json = expect_status(status, std::move(method), path, body);
    const Json* error = json.find("error");
    ASSERT_NE(error, nullptr) << body;
    std::vector<std::string> named;
    for (const Json& detail : *error->find("details")->items())
      named.push_back(*detail.find("field")->text());
    EXPECT_EQ(named, fields) << body << "\n" << to_text(json);
  }

  static std::string text_of(const Json& json, std::string_view member) {
    const Json* value = json.find(member);
    if (value == nullptr) return "(absent)";
    return value->text() != nullptr ? *value->text() : to_text(*value);
  }
  std::string id_of(const Json& json) { return text_of(json, "id"); }
  Json make_tenant(const std::string& name) {
    return expect_status(201, "POST", "/tenants", to_text(Json::object({{"name", name}})));
  }
  Json audit() { return expect_status(200, "GET", "/audit?limit=500"); }

  StillClock clock;
  CountingEntropy entropy;
  RecordingFeed feed;
  adapters::KeyHasher hasher{std::nullopt, std::nullopt};
  ports::Upstream* upstream = nullptr;
  ports::UsageLedger* usage = nullptr;
  std::function<Task<void>()> obeyed;
  std::size_t untold = 0;
  LiveView live;
  std::unique_ptr<adapters::AesGcmSealer> sealer;
  std::unique_ptr<adapters::SqliteRecordStore> store;
  std::unique_ptr<ManagementApi> api;
};

}  // namespace obleth::admin
