// What work costs in turns: tokens and held slots, in milli-tokens.
//
// cost = admission weight x (prompt cost x uncached + a tenth of it x cached + output cost x output); while a request
// holds a slot, never less than the slot's time. Pure; any thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/instant.hpp"
#include "core/fairshare/events.hpp"
#include "core/fairshare/virtual_account.hpp"
#include "domain/tokens.hpp"

namespace obleth::fairshare {

[[nodiscard]] constexpr std::int64_t token_cost(const TokenCosts& costs, const TokenUsage& usage) {
  const std::int64_t prompt = std::max<std::int64_t>(usage.prompt.value, 0);
  const std::int64_t cached = std::clamp<std::int64_t>(usage.cached.value, 0, prompt);
  const std::int64_t output = std::max<std::int64_t>(usage.output.value, 0);
  const std::int64_t plain =
      saturating_add(saturating_add(saturating_multiply(costs.prompt_thousandths, prompt - cached),
                                    saturating_multiply(costs.prompt_thousandths, cached) / 10),
                     saturating_multiply(costs.output_thousandths, output));
  return std::clamp<std::int64_t>(scaled(plain, costs.admission_weight_thousandths, 1000), 0, request_cost_max);
}

[[nodiscard]] constexpr std::int64_t output_cost(const TokenCosts& costs, std::int64_t output_tokens) {
  return token_cost(costs, {.output = {output_tokens}});
}

[[nodiscard]] constexpr std::int64_t slot_cost(const TokenCosts& costs, Duration held) {
  constexpr std::int64_t ns_per_s = 1'000'000'000;
  return std::clamp<std::int64_t>(scaled(costs.slot_second_thousandths, held.count(), ns_per_s), 0, request_cost_max);
}

}  // namespace obleth::fairshare
