// The sums of the ledger's roll-ups, in the order of their columns. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "ports/usage_ledger.hpp"

namespace obleth::adapters {

struct SumColumn {
  std::string_view name;
  std::string_view of_row;  // the same of one row of the table usage
  std::int64_t& (*of)(ports::UsageSums&);
};

// admission 2 is brownout, 3 is refused; cache 2 is hit.
inline constexpr std::array sum_columns{
    SumColumn{"requests", "1", [](ports::UsageSums& s) -> std::int64_t& { return s.requests; }},
    SumColumn{"errors", "(status >= 400 AND admission <> 3)",
              [](ports::UsageSums& s) -> std::int64_t& { return s.errors; }},
    SumColumn{"refusals", "(admission = 3)", [](ports::UsageSums& s) -> std::int64_t& { return s.refusals; }},
    SumColumn{"brownouts", "(admission = 2)", [](ports::UsageSums& s) -> std::int64_t& { return s.brownouts; }},
    SumColumn{"cache_hits", "(cache = 2)", [](ports::UsageSums& s) -> std::int64_t& { return s.cache_hits; }},
    SumColumn{"retries", "retries", [](ports::UsageSums& s) -> std::int64_t& { return s.retries; }},
    SumColumn{"input_tokens", "input_tokens", [](ports::UsageSums& s) -> std::int64_t& { return s.input_tokens; }},
    SumColumn{"cached_tokens", "cached_tokens", [](ports::UsageSums& s) -> std::int64_t& { return s.cached_tokens; }},
    SumColumn{"output_tokens", "output_tokens", [](ports::UsageSums& s) -> std::int64_t& { return s.output_tokens; }},
    SumColumn{"reasoning_tokens", "reasoning_tokens",
              [](ports::UsageSums& s) -> std::int64_t& { return s.reasoning_tokens; }},
    SumColumn{"tokens_saved", "tokens_saved", [](ports::UsageSums& s) -> std::int64_t& { return s.tokens_saved; }},
    SumColumn{"cost", "cost", [](ports::UsageSums& s) -> std::int64_t& { return s.cost.value; }},
    SumColumn{"gpu_ms", "gpu_ms", [](ports::UsageSums& s) -> std::int64_t& { return s.gpu_ms; }},
    SumColumn{"slot_ms", "slot_ms", [](ports::UsageSums& s) -> std::int64_t& { return s.slot_ms; }},
    SumColumn{"queue_ms", "queue_ms", [](ports::UsageSums& s) -> std::int64_t& { return s.queue_ms; }},
};

}  // namespace obleth::adapters
