#include "adapters/memory/response_cache.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "ports/response_cache_contract_test.hpp"

namespace obleth::adapters {
namespace {

class OfMemory final : public ResponseCacheRig {
 public:
  WallTime now() override { return clock_.wall_now(); }
  std::shared_ptr<const ports::KeptAnswer> recall(const ports::AnswerName& name) override {
    return cache_.recall(name).run_now();
  }
  void keep(const ports::AnswerName& name, std::shared_ptr<const ports::KeptAnswer> answer) override {
    cache_.keep(name, std::move(answer));
  }
  void outlive(const ports::AnswerName&, Duration lifetime) override { clock_.pass(lifetime); }

 private:
  SetClock clock_;
  MemoryResponseCache cache_{clock_, 4 << 20};
};

INSTANTIATE_TEST_SUITE_P(Memory, ResponseCacheContract,
                         ::testing::Values(ResponseCacheFactory{[] { return std::make_unique<OfMemory>(); }}));

class BoundedResponses : public ::testing::Test {
 protected:
  void keep(std::uint64_t name, std::size_t body_bytes) {
    cache.keep(nth_name(name), an_answer(clock.wall_now(), std::string(body_bytes, 'x')));
  }
  bool knows(std::uint64_t name) { return cache.recall(nth_name(name)).run_now() != nullptr; }

  static constexpr std::size_t bytes_max = 64 * 1024;
  SetClock clock;
  MemoryResponseCache cache{clock, bytes_max};
};

TEST_F(BoundedResponses, WhatWasUsedLeastRecentlyGoesFirst) {
  for (std::uint64_t name = 1; name <= 3; ++name)
    keep(name, 20'000);
  EXPECT_TRUE(knows(1));
  keep(4, 20'000);
  EXPECT_TRUE(knows(1));
  EXPECT_FALSE(knows(2));
  EXPECT_TRUE(knows(3));
  EXPECT_TRUE(knows(4));
}

TEST_F(BoundedResponses, WhatIsLargerThanAllOfItIsNotKeptAndPushesNothingOut) {
  keep(1, 1000);
  keep(2, bytes_max);
  EXPECT_TRUE(knows(1));
  EXPECT_FALSE(knows(2));
}

TEST_F(BoundedResponses, WhatIsStillBeingReadCountsUntilItsReaderIsDone) {
  keep(1, 60'000);
  auto reader = cache.recall(nth_name(1)).run_now();
  keep(2, 60'000);
  EXPECT_FALSE(knows(1)) << "it gave way";
  EXPECT_FALSE(knows(2)) << "there is no room yet";
  EXPECT_EQ(reader->body.size(), 60'000U);
  EXPECT_GT(cache.bytes(), 60'000U);
  reader.reset();
  EXPECT_EQ(cache.bytes(), 0U);
  keep(2, 60'000);
  EXPECT_TRUE(knows(2));
}

// Against a plain model: what is found is what was kept last under that name, and the bound holds at every step.
TEST_F(BoundedResponses, UnderAnyLoadTheBoundHoldsAndNothingIsMixedUp) {
  std::mt19937 random(20261122);
  std::map<std::uint64_t, std::string> last;
  std::vector<std::shared_ptr<const ports::KeptAnswer>> readers;
  std::size_t hits = 0;
  for (int step = 0; step < 50'000; ++step) {
    const std::uint64_t name = random() % 64;
    if (random() % 3 == 0) {
      const std::string body = std::to_string(step) + std::string(random() % 8000, 'x');
      cache.keep(nth_name(name), an_answer(clock.wall_now(), body));
      last[name] = body;
    } else if (const auto found = cache.recall(nth_name(name)).run_now()) {
      ++hits;
      ASSERT_EQ(found->body, last[name]);
      if (random() % 8 == 0) readers.push_back(found);
    }
    if (readers.size() > random() % 8) readers.erase(readers.begin());
    if (random() % 100 == 0) clock.pass(std::chrono::seconds(random() % 100));
    ASSERT_LE(cache.bytes(), bytes_max);
  }
  EXPECT_GT(hits, 1000U);
  readers.clear();
  clock.pass(std::chrono::hours(1));
  for (std::uint64_t name = 0; name < 64; ++name)
    EXPECT_FALSE(knows(name));
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST_F(BoundedResponses, ThreadsShareIt) {
  std::vector<std::thread> threads;
  std::atomic<bool> mixed_up = false;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      for (int step = 0; step < 5000; ++step) {
        const std::uint64_t name = random() % 16;
        if (random() % 2 == 0) {
          keep(name, 1000 + name);
        } else if (const auto found = cache.recall(nth_name(name)).run_now()) {
          if (found->body.size() != 1000 + name) mixed_up = true;
        }
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_FALSE(mixed_up);
  EXPECT_LE(cache.bytes(), bytes_max);
}

}  // namespace
}  // namespace obleth::adapters
