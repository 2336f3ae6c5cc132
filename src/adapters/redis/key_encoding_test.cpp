#include "adapters/redis/key_encoding.hpp"

#include <gtest/gtest.h>

#include <random>

namespace obleth::adapters {
namespace {

KeyEntry full_entry() {
  KeyEntry entry;
  entry.record_version = 1ULL << 60;
  ApiKey& key = entry.resolved.key;
  key.id = {{1, 2}};
  key.tenant = {{3, 4}};
  key.name = "ci \xE2\x82\xAC";
  key.prefix = "sk_012345678";
  key.hash.bytes.fill(7);
  key.former_hash.emplace().bytes.fill(255);
  key.former_expires_at = WallTime{-5};
  key.disabled = true;
  key.expires_at = WallTime{1'700'000'000'000};
  key.allowed_models = std::vector<std::string>{"a", ""};
  key.quota = {.tokens_per_minute = 1, .requests_per_minute = std::nullopt, .max_in_flight = 3};
  key.budget = Budget{.period = BudgetPeriod::week, .starts_at = WallTime{5}, .tokens = 6, .cost = NanoUsd{-7}};
  key.weight = 17;
  Tenant& tenant = entry.resolved.tenant;
  tenant.id = key.tenant;
  tenant.name = "research";
  tenant.allowed_models = std::vector<std::string>{};
  tenant.status = TenantStatus::suspended;
  tenant.schedule = {.timezone = "Europe/Berlin", .weekly_windows = {{6, 1439, 10}}};
  tenant.brownout = BrownoutPolicy::first;
  tenant.brownout_wait_ms = 250;
  entry.resolved.group = {.id = {{5, 6}}, .name = "default", .weight = 9, .max_in_flight = 4};
  return entry;
}

TEST(KeyEncoding, WhatIsKeptComesBackWhole) {
  for (const KeyEntry& entry : {full_entry(), KeyEntry{}}) {
    const auto decoded = decode_key(encode_key(entry));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->record_version, entry.record_version);
    EXPECT_EQ(decoded->resolved.key, entry.resolved.key);
    EXPECT_EQ(decoded->resolved.tenant, entry.resolved.tenant);
    EXPECT_EQ(decoded->resolved.group, entry.resolved.group);
  }
}

TEST(KeyEncoding, ACutOrLengthenedEntryIsNone) {
  const std::string bytes = encode_key(full_entry());
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(decode_key(std::string_view(bytes).substr(0, length))) << length;
  EXPECT_FALSE(decode_key(bytes + "x"));
}

TEST(KeyEncoding, DamagedBytesDoNoHarm) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = encode_key(full_entry());
    for (std::uint64_t hits = 1 + random() % 4; hits > 0; --hits)
      bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
    static_cast<void>(decode_key(bytes));
  }
}

}  // namespace
}  // namespace obleth::adapters
