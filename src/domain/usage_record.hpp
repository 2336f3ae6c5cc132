// One row of the usage ledger: one request that was authenticated. Never holds a prompt or an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/instant.hpp"
#include "base/seldom_text.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"
#include "domain/tokens.hpp"

namespace obleth {

enum class AdmissionOutcome : std::uint8_t { fast, queued, brownout, refused };
enum class UsageSource : std::uint8_t { upstream, counted, estimated };
enum class CacheOutcome : std::uint8_t { off, miss, hit };

[[nodiscard]] const char* to_text(AdmissionOutcome outcome);
[[nodiscard]] const char* to_text(UsageSource source);
[[nodiscard]] const char* to_text(CacheOutcome outcome);

struct UsageRecord {
  EventId event_id;
  std::string client_request_id;
  WallTime ts;  // when it ended
  TenantId tenant_id;
  KeyId key_id;
  std::string tenant;  // name, for metrics and log
  std::string group;
  std::string model;
  std::string upstream_model;
  std::string endpoint;
  std::string route;  // the route's pattern, or "passthrough"; never a raw path
  bool stream = false;
  AdmissionOutcome admission = AdmissionOutcome::fast;
  UsageSource usage_source = UsageSource::upstream;
  CacheOutcome cache = CacheOutcome::off;
  int status = 0;
  SeldomText error_code;
  TokenUsage tokens;
  OutputTokens fair_estimate;
  OutputTokens hold_estimate;
  std::int64_t queue_ms = 0;
  std::optional<std::int64_t> ttft_ms;
  std::int64_t total_ms = 0;
  std::int64_t overhead_us = 0;  // time in obleth that was neither queue nor upstream
  MilliCost fairshare_cost;
  std::int64_t fairshare_key = 0;
  std::int64_t fairshare_v = 0;
  std::int64_t slot_ms = 0;
  std::int64_t gpu_ms = 0;
  std::uint32_t weight = 0;
  std::uint32_t retries = 0;
  NanoUsd cost;
  std::int64_t tokens_saved = 0;
  std::optional<std::int64_t> brownout_cap;
  SeldomText session_id;
  std::string user_agent_family;
  SeldomText mcp_server;
  SeldomText mcp_method;
  SeldomText mcp_tool;
  // For the counters, no columns of the ledger.
  std::string_view brownout_reason;  // static text: saturation, quota or budget
  bool usage_clamped = false;        // the upstream told a number that no usage can be
  bool budget_unguarded = false;     // it passed though what a budget has left was not known
  PromptTokens overrun_by_input;     // used beyond what a budget held for it
  OutputTokens overrun_by_output;
};

}  // namespace obleth
