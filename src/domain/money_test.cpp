#include "domain/money.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace obleth {
namespace {

TEST(Money, PricesAreExactDecimals) {
  const struct {
    std::string_view text;
    std::int64_t pico;
  } prices[] = {
      {"0", 0},
      {"0.0", 0},
      {"0e9", 0},
      {"15", 15'000'000'000'000},
      {"0.000003", 3'000'000},
      {"3e-06", 3'000'000},
      {"3E-6", 3'000'000},
      {"1.5e+1", 15'000'000'000'000},
      {"0.000000000001", 1},
      {"10e-13", 1},
      {"0.0000000000010", 1},
      {"1000000", 1'000'000'000'000'000'000},
      {"1e6", 1'000'000'000'000'000'000},
      {"007", 7'000'000'000'000},
  };
  for (const auto& [text, pico] : prices) {
    const auto price = pico_usd_from_decimal(text);
    ASSERT_TRUE(price) << text;
    EXPECT_EQ(price->value, pico) << text;
  }
}

TEST(Money, WhatIsNotExactOrNotAPriceIsRefused) {
  for (const std::string_view text : {"",
                                      "-1",
                                      "+1",
                                      ".5",
                                      "5.",
                                      "1e",
                                      "e5",
                                      "1e1.5",
                                      "1 ",
                                      " 1",
                                      "1,5",
                                      "0x1",
                                      "nan",
                                      "inf",
                                      "1e-13",
                                      "0.0000000000001",
                                      "1000000.000000000001",
                                      "1000001",
                                      "1e99",
                                      "1e100",
                                      "1e-100",
                                      "99999999999999999999999999"}) {
    EXPECT_FALSE(pico_usd_from_decimal(text)) << text;
  }
  EXPECT_FALSE(pico_usd_from_decimal(std::string(1000, '0')));
  EXPECT_FALSE(nano_usd_from_decimal("0.0000000001"));
  EXPECT_FALSE(nano_usd_from_decimal("9223372036.854775808"));
}

TEST(Money, AmountsShowAtLeastTwoDecimals) {
  EXPECT_EQ(to_decimal(NanoUsd{250'000'000'000}), "250.00");
  EXPECT_EQ(to_decimal(NanoUsd{0}), "0.00");
  EXPECT_EQ(to_decimal(NanoUsd{1}), "0.000000001");
  EXPECT_EQ(to_decimal(NanoUsd{1'100'000'000}), "1.10");
  EXPECT_EQ(to_decimal(NanoUsd{-1'234'500'000}), "-1.2345");
  EXPECT_EQ(to_decimal(NanoUsd{std::numeric_limits<std::int64_t>::min()}), "-9223372036.854775808");
}

TEST(Money, PricesShowTheirShortestExactForm) {
  EXPECT_EQ(to_decimal(PicoUsd{3'000'000}), "0.000003");
  EXPECT_EQ(to_decimal(PicoUsd{15'000'000'000'000}), "15");
  EXPECT_EQ(to_decimal(PicoUsd{0}), "0");
}

TEST(Money, WhatIsShownReadsBackTheSame) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 10'000; ++round) {
    const auto value = static_cast<std::int64_t>(random() >> (1 + random() % 63));
    const PicoUsd price{value % 1'000'000'000'000'000'001};
    EXPECT_EQ(pico_usd_from_decimal(to_decimal(price)), price);
    EXPECT_EQ(nano_usd_from_decimal(to_decimal(NanoUsd{value})), NanoUsd{value});
  }
}

}  // namespace
}  // namespace obleth
