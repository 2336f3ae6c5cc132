// Whether a request may be paid for, by all accounts that it counts against at once: all limits pass or nothing is
// taken.
//
// The rule exists here once; every ledger decides by it. Pure; the accounts are guarded by their owner.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "core/budget/account.hpp"
#include "domain/money.hpp"

namespace obleth::budget {

struct Claim {
  std::int64_t input_tokens = 0;     // estimated
  std::int64_t expected_tokens = 0;  // input and expected output
  std::int64_t bound_tokens = 0;     // input and the upper bound of the output
  NanoUsd input_cost;                // with the price of the request
  NanoUsd bound_cost;
  std::int64_t answers = 1;  // each of which may be as long as the cap
  PicoUsd output_cost_per_token;
  std::optional<std::int64_t> smallest_cap;  // what is accepted instead of a refusal; absent: nothing
};

struct Granted {
  Hold hold;
  std::optional<std::int64_t> output_cap;  // softened to this
  bool softened_by_budget = false;         // else by a rate
};

enum class Limit : std::uint8_t { tokens_per_minute, requests_per_minute, budget };

struct Refused {
  Limit by = Limit::budget;
  std::size_t account = 0;  // index
  Duration retry_after{0};  // when it could be admitted, softened where that is accepted; a budget's term ends then
};

using Decision = std::variant<Granted, Refused>;

// Decides and takes nothing.
[[nodiscard]] Decision decide(const Claim& claim, std::span<Account* const> accounts, Moment at);

// What was granted softened, cut to the least that the claim accepts.
[[nodiscard]] Granted softened_most(const Claim& claim, const Granted& granted);

}  // namespace obleth::budget
