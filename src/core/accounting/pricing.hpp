// What tokens cost, in integers: pico-dollars inside one request (128 bits), rounded once to nano-dollars (half up).
//
// Pure. Saturating: a client can make no figure overflow.
#pragma once

#include <cstdint>

#include "domain/model.hpp"
#include "domain/money.hpp"
#include "domain/tokens.hpp"

namespace obleth::accounting {

// Upper bound of the output: prompts × alternatives × cap, never below 0.
[[nodiscard]] std::int64_t output_bound(std::int64_t prompts, std::int64_t alternatives, std::int64_t cap);

// Uncached, cached and output tokens and the price per request.
[[nodiscard]] NanoUsd cost_of(const TokenUsage& usage, const Model& model);

}  // namespace obleth::accounting
