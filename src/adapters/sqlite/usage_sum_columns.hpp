// The sums of the ledger's roll-ups, in the order of their columns. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "ports/usage_ledger.hpp"

namespace obleth::adapters {

struct SumColumn {
  std::string_view name;
  std::int64_t& (*of)(ports::UsageSums&);
};

inline constexpr std::array sum_columns{
    SumColumn{"requests", [](ports::UsageSums& s) -> std::int64_t& { return s.requests; }},
    SumColumn{"errors", [](ports::UsageSums& s) -> std::int64_t& { return s.errors; }},
    SumColumn{"refusals", [](ports::UsageSums& s) -> std::int64_t& { return s.refusals; }},
    SumColumn{"brownouts", [](ports::UsageSums& s) -> std::int64_t& { return s.brownouts; }},
    SumColumn{"cache_hits", [](ports::UsageSums& s) -> std::int64_t& { return s.cache_hits; }},
    SumColumn{"retries", [](ports::UsageSums& s) -> std::int64_t& { return s.retries; }},
    SumColumn{"input_tokens", [](ports::UsageSums& s) -> std::int64_t& { return s.input_tokens; }},
    SumColumn{"cached_tokens", [](ports::UsageSums& s) -> std::int64_t& { return s.cached_tokens; }},
    SumColumn{"output_tokens", [](ports::UsageSums& s) -> std::int64_t& { return s.output_tokens; }},
    SumColumn{"reasoning_tokens", [](ports::UsageSums& s) -> std::int64_t& { return s.reasoning_tokens; }},
    SumColumn{"tokens_saved", [](ports::UsageSums& s) -> std::int64_t& { return s.tokens_saved; }},
    SumColumn{"cost", [](ports::UsageSums& s) -> std::int64_t& { return s.cost.value; }},
    SumColumn{"gpu_ms", [](ports::UsageSums& s) -> std::int64_t& { return s.gpu_ms; }},
    SumColumn{"slot_ms", [](ports::UsageSums& s) -> std::int64_t& { return s.slot_ms; }},
    SumColumn{"queue_ms", [](ports::UsageSums& s) -> std::int64_t& { return s.queue_ms; }},
};

}  // namespace obleth::adapters
