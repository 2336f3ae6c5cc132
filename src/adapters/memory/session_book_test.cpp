#include "adapters/memory/session_book.hpp"

#include <gtest/gtest.h>

namespace obleth::adapters {
namespace {

class SetClock final : public ports::Clock {
 public:
  [[nodiscard]] Instant now() const override { return at; }
  [[nodiscard]] WallTime wall_now() const override { return {}; }
  Instant at;
};

ports::SessionName name(std::uint8_t number) {
  ports::SessionName named{};
  named[0] = number;
  named[9] = number;
  return named;
}
ports::SessionEntry entry(std::uint64_t tenant, std::uint64_t key = 1, std::string target = {}) {
  return {TenantId{{0, tenant}}, KeyId{{0, key}}, std::move(target)};
}

class SessionBookOfMemory : public ::testing::Test {
 protected:
  bool bind(std::uint8_t number, const ports::SessionEntry& given) { return *book.bind(name(number), given).run_now(); }
  std::optional<ports::SessionEntry> find(std::uint8_t number) { return *book.find(name(number)).run_now(); }

  SetClock clock;
  MemorySessionBook book{clock, {.sessions_max = 4, .tenant_sessions_max = 2}};
};

TEST_F(SessionBookOfMemory, ASessionIsItsOpenersAndNobodyElses) {
  EXPECT_TRUE(bind(1, entry(1, 1, "/message?id=1")));
  EXPECT_EQ(find(1), entry(1, 1, "/message?id=1"));
  EXPECT_FALSE(bind(1, entry(2)));
  EXPECT_FALSE(bind(1, entry(1, 2)));
  EXPECT_TRUE(bind(1, entry(1, 1, "/other")));
  EXPECT_EQ(find(1), entry(1, 1, "/other"));
  EXPECT_EQ(find(2), std::nullopt);
  ASSERT_TRUE(book.forget(name(1)).run_now().has_value());
  EXPECT_EQ(find(1), std::nullopt);
  EXPECT_TRUE(bind(1, entry(2)));
}

TEST_F(SessionBookOfMemory, WhatIsNotUsedIsForgotten) {
  EXPECT_TRUE(bind(1, entry(1)));
  EXPECT_TRUE(bind(2, entry(1)));
  clock.at = clock.at + ports::session_idle_max;
  EXPECT_TRUE(find(1).has_value());
  clock.at = clock.at + std::chrono::seconds(1);
  EXPECT_TRUE(find(1).has_value());
  EXPECT_EQ(find(2), std::nullopt);
  EXPECT_EQ(book.size(), 1U);
}

TEST_F(SessionBookOfMemory, ATenantBeyondItsPartLosesItsOwn) {
  EXPECT_TRUE(bind(1, entry(1)));
  EXPECT_TRUE(bind(2, entry(2)));
  EXPECT_TRUE(bind(3, entry(2)));
  EXPECT_TRUE(find(2).has_value());
  EXPECT_TRUE(bind(4, entry(2)));
  EXPECT_TRUE(find(1).has_value());
  EXPECT_TRUE(find(2).has_value());
  EXPECT_EQ(find(3), std::nullopt);
}

TEST_F(SessionBookOfMemory, AFullBookForgetsWhatWasUsedLeastRecently) {
  for (std::uint8_t number = 1; number <= 4; ++number)
    EXPECT_TRUE(bind(number, entry(number)));
  EXPECT_TRUE(find(1).has_value());
  EXPECT_TRUE(bind(5, entry(5)));
  EXPECT_EQ(find(2), std::nullopt);
  EXPECT_TRUE(find(1).has_value());
  EXPECT_EQ(book.size(), 4U);
}

}  // namespace
}  // namespace obleth::adapters
