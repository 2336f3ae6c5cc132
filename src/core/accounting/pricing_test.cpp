// Costs against a second computation that shares nothing with the first: decimal digits, multiplied by hand.
#include "core/accounting/pricing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <random>
#include <string>

namespace obleth::accounting {
namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

// Digits of a natural number, the lowest first.
using Digits = std::string;

Digits digits_of(std::int64_t value) {
  Digits digits = std::to_string(value);
  std::ranges::reverse(digits);
  return digits;
}

Digits sum(const Digits& a, const Digits& b) {
  Digits digits;
  int carry = 0;
  for (std::size_t at = 0; at < std::max(a.size(), b.size()) || carry > 0; ++at) {
    carry += (at < a.size() ? a[at] - '0' : 0) + (at < b.size() ? b[at] - '0' : 0);
    digits.push_back(static_cast<char>('0' + carry % 10));
    carry /= 10;
  }
  return digits;
}

Digits product(const Digits& a, const Digits& b) {
  Digits total = "0";
  for (std::size_t at = 0; at < b.size(); ++at) {
    Digits line(at, '0');
    line += a;
    for (int times = 0; times < b[at] - '0'; ++times)
      total = sum(total, line);
  }
  return total;
}

// Half up to the unit of 1000 pico-dollars; more than an int64 holds is the largest.
std::int64_t rounded_nano(const Digits& pico) {
  Digits nano = sum(pico, "005");
  nano.erase(0, 3);
  while (nano.size() > 1 && nano.back() == '0')
    nano.pop_back();
  std::ranges::reverse(nano);
  if (nano.empty()) return 0;
  const std::string most = std::to_string(largest);
  if (nano.size() > most.size() || (nano.size() == most.size() && nano > most)) return largest;
  return std::stoll(nano);
}

class RandomCase {
 public:
  explicit RandomCase(std::uint64_t seed) : random_(seed) {}

  // Of any magnitude: small and enormous ones alike.
  std::int64_t number(int bits_max) {
    const auto bits = static_cast<int>(random_() % static_cast<std::uint64_t>(bits_max + 1));
    return bits == 0 ? 0 : static_cast<std::int64_t>(random_() >> (64 - bits));
  }
  bool chance() { return random_() % 2 == 0; }

 private:
  std::mt19937_64 random_;
};

TEST(Pricing, EveryCostIsWhatLongMultiplicationSays) {
  RandomCase random(3);
  Digits total = "0";
  std::int64_t total_nano = 0;
  for (int round = 0; round < 20'000; ++round) {
    const int bits = round % 4 == 0 ? 63 : 24;
    Model model;
    model.input_cost_per_token = {random.number(bits == 63 ? 60 : 30)};
    model.output_cost_per_token = {random.number(bits == 63 ? 60 : 30)};
    if (random.chance()) model.cached_input_cost_per_token = PicoUsd{random.number(30)};
    model.cost_per_request = {random.number(40)};
    const std::int64_t prompt = random.number(bits);
    const std::int64_t cached = std::min(prompt, random.number(bits));
    const std::int64_t output = random.number(bits);
    const TokenUsage usage{.prompt = {prompt}, .cached = {cached}, .output = {output}, .reasoning = {}};

    const PicoUsd cached_price = model.cached_input_cost_per_token.value_or(model.input_cost_per_token);
    Digits pico = product(digits_of(model.input_cost_per_token.value), digits_of(prompt - cached));
    pico = sum(pico, product(digits_of(cached_price.value), digits_of(cached)));
    pico = sum(pico, product(digits_of(model.output_cost_per_token.value), digits_of(output)));
    pico = sum(pico, digits_of(model.cost_per_request.value));
    const std::int64_t expected = rounded_nano(pico);
    ASSERT_EQ(cost_of(usage, model).value, expected) << "round " << round;
    if (bits == 63) continue;
    total = sum(total, digits_of(expected));
    total_nano += cost_of(usage, model).value;
  }
  while (total.size() > 1 && total.back() == '0')
    total.pop_back();
  EXPECT_EQ(digits_of(total_nano), total);
}

}  // namespace
}  // namespace obleth::accounting
