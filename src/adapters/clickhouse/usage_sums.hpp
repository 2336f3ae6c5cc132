// What is summed of usage rows in ClickHouse's SQL: one list for sums that are asked and sums that are rolled up. Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "ports/usage_ledger.hpp"

namespace obleth::adapters {

// admission 2 is brownout, 3 is refused; cache 2 is hit.
struct UsageSum {
  std::string_view name;  // of its column in usage_hours
  std::string_view of_row;
  std::int64_t& (*of)(ports::UsageSums&);
};

inline constexpr std::array usage_sums{
    UsageSum{"requests", "1", [](ports::UsageSums& s) -> std::int64_t& { return s.requests; }},
    UsageSum{"errors", "status >= 400 AND admission != 3",
             [](ports::UsageSums& s) -> std::int64_t& { return s.errors; }},
    UsageSum{"refusals", "admission = 3", [](ports::UsageSums& s) -> std::int64_t& { return s.refusals; }},
    UsageSum{"brownouts", "admission = 2", [](ports::UsageSums& s) -> std::int64_t& { return s.brownouts; }},
    UsageSum{"cache_hits", "cache = 2", [](ports::UsageSums& s) -> std::int64_t& { return s.cache_hits; }},
    UsageSum{"retries", "retries", [](ports::UsageSums& s) -> std::int64_t& { return s.retries; }},
    UsageSum{"input_tokens", "input_tokens", [](ports::UsageSums& s) -> std::int64_t& { return s.input_tokens; }},
    UsageSum{"cached_tokens", "cached_tokens", [](ports::UsageSums& s) -> std::int64_t& { return s.cached_tokens; }},
    UsageSum{"output_tokens", "output_tokens", [](ports::UsageSums& s) -> std::int64_t& { return s.output_tokens; }},
    UsageSum{"reasoning_tokens", "reasoning_tokens",
             [](ports::UsageSums& s) -> std::int64_t& { return s.reasoning_tokens; }},
    UsageSum{"tokens_saved", "tokens_saved", [](ports::UsageSums& s) -> std::int64_t& { return s.tokens_saved; }},
    UsageSum{"cost", "cost", [](ports::UsageSums& s) -> std::int64_t& { return s.cost.value; }},
    UsageSum{"gpu_ms", "gpu_ms", [](ports::UsageSums& s) -> std::int64_t& { return s.gpu_ms; }},
    UsageSum{"slot_ms", "slot_ms", [](ports::UsageSums& s) -> std::int64_t& { return s.slot_ms; }},
    UsageSum{"queue_ms", "queue_ms", [](ports::UsageSums& s) -> std::int64_t& { return s.queue_ms; }},
};

// Of one row: the buckets of its three durations, and one in each.
inline constexpr std::string_view row_buckets = "[total_bucket, ttft_bucket, queue_bucket]";
inline constexpr std::string_view row_counts = "[toUInt64(1), toUInt64(1), toUInt64(1)]";

}  // namespace obleth::adapters
