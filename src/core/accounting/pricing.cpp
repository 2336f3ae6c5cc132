#include "core/accounting/pricing.hpp"

#include <algorithm>
#include <limits>

namespace obleth::accounting {
namespace {

__extension__ using Pico128 = unsigned __int128;

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t pico_per_nano = 1000;

// Both factors are below 2^63, and at most four products are summed: 128 bits hold them.
Pico128 product(std::int64_t tokens, PicoUsd price) {
  const auto magnitude = [](std::int64_t value) { return static_cast<Pico128>(std::max<std::int64_t>(value, 0)); };
  return magnitude(tokens) * magnitude(price.value);
}

}  // namespace

std::int64_t output_bound(std::int64_t prompts, std::int64_t alternatives, std::int64_t cap) {
  const std::int64_t answers =
      saturating_multiply(std::max<std::int64_t>(prompts, 0), std::max<std::int64_t>(alternatives, 0));
  return saturating_multiply(answers, std::max<std::int64_t>(cap, 0));
}

NanoUsd cost_of(const TokenUsage& usage, const Model& model) {
  const std::int64_t cached = std::min(usage.cached.value, usage.prompt.value);
  const Pico128 pico = product(usage.prompt.value - cached, model.input_cost_per_token) +
                       product(cached, model.cached_input_cost_per_token.value_or(model.input_cost_per_token)) +
                       product(usage.output.value, model.output_cost_per_token) + product(1, model.cost_per_request);
  const Pico128 nano = (pico + pico_per_nano / 2) / pico_per_nano;
  return {nano > static_cast<Pico128>(largest) ? largest : static_cast<std::int64_t>(nano)};
}

}  // namespace obleth::accounting
