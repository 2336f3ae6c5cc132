// What every record store owes budgets: the most of the latest term, and nothing of another.
#pragma once

#include <gtest/gtest.h>

#include "ports/spending_checkpoints.hpp"

namespace obleth::adapters {

inline void expect_checkpoints_are_kept(ports::SpendingCheckpoints& store) {
  const ports::SpendingAccount account = TenantId{{1, 2}};
  const auto keep = [&](std::int64_t term_ms, std::int64_t tokens, std::int64_t nano_usd) {
    return store.keep_spending({{account, {term_ms}, {.tokens = tokens, .cost = {nano_usd}}}}).run_now().has_value();
  };
  const auto kept_tokens = [&](std::int64_t term_ms) {
    const auto kept = store.kept_spending(account, {term_ms}).run_now();
    return kept && *kept ? (*kept)->tokens : -1;
  };
  EXPECT_EQ(kept_tokens(1000), -1);
  EXPECT_TRUE(keep(1000, 70, 5));
  EXPECT_TRUE(keep(1000, 60, 5));
  EXPECT_EQ(kept_tokens(1000), 70);
  EXPECT_TRUE(keep(1000, 90, 6));
  EXPECT_EQ(kept_tokens(1000), 90);
  EXPECT_EQ(store.kept_spending(account, {1000}).run_now()->value().cost, NanoUsd{6});
  EXPECT_TRUE(keep(2000, 3, 1));
  EXPECT_EQ(kept_tokens(2000), 3);
  EXPECT_EQ(kept_tokens(1000), -1);
}

}  // namespace obleth::adapters
