// What the tests of a usage ledger stand on: an empty one, rows that differ from their defaults everywhere, batches.
//
// Calls are made without a loop, so they do not suspend.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ports/spending_book.hpp"
#include "ports/usage_ledger.hpp"
#include "ports/usage_sink.hpp"

namespace obleth::adapters {

// One store seen from its three sides; whole keeps it alive.
struct LedgerUnderTest {
  std::shared_ptr<void> whole;
  ports::UsageSink* sink = nullptr;
  ports::SpendingBook* book = nullptr;
  ports::UsageLedger* ledger = nullptr;
};

struct LedgerFactory {
  std::function<LedgerUnderTest()> make;
};

inline constexpr std::int64_t noon_ms = 1'762'344'000'000;  // 2025-11-05 12:00 UTC
inline constexpr std::int64_t minute_ms = 60'000;
inline constexpr std::int64_t hour_ms = 60 * minute_ms;

[[nodiscard]] inline TenantId nth_tenant(std::uint64_t n) {
  return TenantId{{0x7E, n}};
}
[[nodiscard]] inline KeyId nth_key(std::uint64_t n) {
  return KeyId{{0x4E, n}};
}

// Rows as different from their defaults as can be, so that a forgotten column is noticed.
[[nodiscard]] inline UsageRecord a_row(std::uint64_t serial, std::int64_t ts_ms = noon_ms) {
  UsageRecord row;
  row.event_id = EventId{{0xE000'0000'0000'0000ULL + serial * 7919, serial << 40 | serial}};
  row.client_request_id = "client \"" + std::to_string(serial) + "\" – µ";
  row.ts = WallTime{ts_ms};
  row.tenant_id = nth_tenant(1);
  row.key_id = nth_key(1);
  row.tenant = "search";
  row.group = "online";
  row.model = "llama";
  row.upstream_model = "meta/llama";
  row.endpoint = "http://vllm-1:8000/v1";
  row.route = "/v1/chat/completions";
  row.stream = true;
  row.admission = AdmissionOutcome::brownout;
  row.status = 200;
  row.error_code = "upstream_timeout";
  row.tokens = {{100}, {30}, {50}, {20}};
  row.fair_estimate = {60};
  row.hold_estimate = {70};
  row.usage_source = UsageSource::counted;
  row.queue_ms = 11;
  row.ttft_ms = 120;
  row.total_ms = 900;
  row.overhead_us = 42;
  row.fairshare_cost = {350'000};
  row.fairshare_key = -5;
  row.fairshare_v = 9'007'199'254'740'993;
  row.slot_ms = 880;
  row.gpu_ms = 440;
  row.weight = 250;
  row.cost = {1'234'567};
  row.cache = CacheOutcome::miss;
  row.tokens_saved = 3;
  row.brownout_cap = 128;
  row.retries = 2;
  row.session_id = "session-1";
  row.user_agent_family = "openai-python";
  row.mcp_server = "tools";
  row.mcp_method = "tools/call";
  row.mcp_tool = "search";
  return row;
}

// Rows of a few tenants, keys and models over a span, half of them refused, failed or softened.
class RandomRows {
 public:
  explicit RandomRows(std::uint64_t seed) : random_(seed) {}

  UsageRecord next(std::int64_t from_ms, std::int64_t length_ms) {
    ++serial_;
    UsageRecord row = a_row(serial_, from_ms + pick(length_ms));
    row.event_id = EventId{{random_(), random_()}};
    const std::int64_t tenant = pick(4);
    row.tenant_id = nth_tenant(static_cast<std::uint64_t>(tenant));
    row.tenant = "tenant-" + std::to_string(tenant);
    row.key_id = nth_key(static_cast<std::uint64_t>(tenant * 10 + pick(3)));
    row.group = tenant % 2 == 0 ? "online" : "batch";
    const std::int64_t model = pick(4);
    row.model = model == 0 ? "" : "model-" + std::to_string(model);
    row.admission = static_cast<AdmissionOutcome>(pick(4));
    const bool refused = row.admission == AdmissionOutcome::refused;
    row.status = refused ? 429 : (pick(5) == 0 ? 502 : 200);
    row.route = pick(2) == 0 ? "/v1/embeddings" : "/v1/chat/completions";
    row.tokens = refused ? TokenUsage{} : TokenUsage{{pick(5000)}, {pick(100)}, {pick(2000)}, {pick(50)}};
    row.cost = {refused ? 0 : pick(50'000'000)};
    row.total_ms = pick(60'000);
    row.ttft_ms = pick(3) == 0 ? std::nullopt : std::optional(pick(5000));
    row.queue_ms = pick(1000);
    row.cache = static_cast<CacheOutcome>(pick(3));
    row.retries = static_cast<std::uint32_t>(pick(3));
    return row;
  }
  std::vector<UsageRecord> some(std::size_t count, std::int64_t from_ms, std::int64_t length_ms) {
    std::vector<UsageRecord> rows;
    for (std::size_t row = 0; row < count; ++row)
      rows.push_back(next(from_ms, length_ms));
    return rows;
  }
  std::int64_t pick(std::int64_t below) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(below));
  }

 private:
  std::mt19937_64 random_;
  std::uint64_t serial_ = 0;
};

class UsageLedgerContract : public testing::TestWithParam<LedgerFactory> {
 protected:
  UsageLedgerContract() : store_(GetParam().make()) {}

  template <class T>
  static T now(Task<Result<T>> task) {
    auto result = std::move(task).run_now();
    EXPECT_TRUE(result) << result.error().message;
    return result ? std::move(*result) : T{};
  }
  // As the next range of one segment.
  void deliver(const std::vector<UsageRecord>& rows) {
    const ports::JournalRange range{.segment = {1, 1}, .begin = written_, .end = written_ + rows.size() * 300};
    written_ = range.end;
    deliver(range, rows);
  }
  void deliver(const ports::JournalRange& range, const std::vector<UsageRecord>& rows) {
    const ports::UsageBatch batch{range, rows};
    const Result<void> delivered = store_.sink->deliver(batch).run_now();
    EXPECT_TRUE(delivered) << delivered.error().message;
  }
  ports::Spending spent(ports::SpendingAccount account, std::int64_t begin_ms, std::int64_t end_ms) {
    return now(store_.book->spent(account, {{begin_ms}, {end_ms}}));
  }

  std::uint64_t written_ = 0;
  LedgerUnderTest store_;
};

}  // namespace obleth::adapters
