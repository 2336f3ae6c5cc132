// Concurrent look-ups of one key: one question, however many ask, on whatever loops, and whoever leaves.
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "adapters/caching/directory_fixture_test.hpp"
#include "ports/posting_loop.hpp"

namespace obleth::adapters {
namespace {

using ports::KeyOutcome;

class SingleFlight : public DirectoryTest {
 protected:
  static Task<void> find_into(CachingKeyDirectory& directory, std::string secret, std::vector<ports::KeyLookup>& into) {
    ports::KeyLookup lookup = co_await directory.find(secret);
    into.push_back(std::move(lookup));
  }
  void begin(std::string secret) { loop_.begin(find_into(directory_, std::move(secret), found_)); }
  void turn_until_found(std::size_t count) {
    while (found_.size() < count)
      loop_.turn_once();
  }

  Task<void> read_disputed_into(int& count) {
    const bool all_read = co_await directory_.read_disputed(stop_);
    count += all_read ? 1 : 0;
  }

  ports::PostingLoop loop_;
  int read_ = 0;
  std::vector<ports::KeyLookup> found_;
};

TEST_F(SingleFlight, ManyOnOneLoopAskOnce) {
  store_.put(a_key("a"));
  store_.hold();
  for (int request = 0; request < 50; ++request)
    begin("a");
  EXPECT_EQ(store_.questions(), 1);
  store_.release();
  turn_until_found(50);
  for (const ports::KeyLookup& lookup : found_)
    EXPECT_EQ(lookup.resolved, found_.front().resolved);
}

TEST_F(SingleFlight, DifferentKeysDoNotWaitForEachOther) {
  store_.put(a_key("a"));
  store_.put(a_key("b", KeyId{{1, 2}}));
  store_.hold();
  begin("a");
  begin("b");
  EXPECT_EQ(store_.questions(), 2);
  store_.release();
  turn_until_found(2);
}

TEST_F(SingleFlight, TheFirstToAskMayLeaveWithoutStrandingTheOthers) {
  store_.put(a_key("a"));
  store_.hold();
  ports::Loop::set_current(&loop_);
  auto leaving = std::make_optional(find_into(directory_, "a", found_));
  leaving->await_suspend(std::noop_coroutine()).resume();
  ports::Loop::set_current(nullptr);
  begin("a");
  leaving.reset();
  store_.release();
  turn_until_found(1);
  EXPECT_EQ(found_.front().outcome, KeyOutcome::found);
  EXPECT_EQ(store_.questions(), 1);
}

TEST_F(SingleFlight, AnswerThatWasReadBeforeTheNewsIsNotKept) {
  ResolvedKey key = a_key("a");
  store_.put(key);
  store_.hold();
  begin("a");
  key.key.disabled = true;
  store_.put(key);
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  store_.release();
  turn_until_found(1);
  EXPECT_TRUE(find("a").resolved->key.disabled);
}

TEST_F(SingleFlight, WhoAsksAfterTheNewsDoesNotShareAnEarlierQuestion) {
  ResolvedKey key = a_key("a");
  store_.put(key);
  store_.hold();
  begin("a");
  key.key.disabled = true;
  store_.put(key);
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  begin("a");
  EXPECT_EQ(store_.questions(), 2);
  store_.release();
  turn_until_found(2);
  EXPECT_FALSE(found_[0].resolved->key.disabled);
  EXPECT_TRUE(found_[1].resolved->key.disabled);
  EXPECT_TRUE(find("a").resolved->key.disabled);
}

TEST_F(SingleFlight, KeyIsReadAnewOncePerNewsHoweverOftenThatIsAskedFor) {
  ResolvedKey key = a_key("a");
  store_.put(key);
  find("a");
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  store_.hold();
  for (int round = 0; round < 10; ++round)
    loop_.begin(read_disputed_into(read_));
  EXPECT_EQ(store_.questions(), 2);
  // What is on its way was read before this.
  key.key.disabled = true;
  store_.put(key);
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  loop_.begin(read_disputed_into(read_));
  store_.release();
  while (read_ < 11)
    loop_.turn_once();
  EXPECT_EQ(store_.questions(), 3);
  store_.down = true;
  EXPECT_TRUE(find("a").resolved->key.disabled);
}

TEST_F(SingleFlight, ThreadsThatAskAtOnceShareOneQuestion) {
  constexpr int thread_count = 4;
  store_.put(a_key("a"));
  store_.hold();
  std::latch all_asked(thread_count);
  std::atomic<int> found = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < thread_count; ++thread) {
      threads.emplace_back([this, &all_asked, &found] {
        ports::PostingLoop loop;
        std::vector<ports::KeyLookup> lookups;
        loop.begin(find_into(directory_, "a", lookups));
        all_asked.count_down();
        while (lookups.empty())
          loop.turn_once();
        if (lookups.front().outcome == KeyOutcome::found) ++found;
      });
    }
    all_asked.wait();
    EXPECT_EQ(store_.questions(), 1);
    store_.release();
  }
  EXPECT_EQ(found, thread_count);
}

TEST_F(SingleFlight, ThreadsFindKeysWhileNewsComesIn) {
  constexpr std::uint64_t key_count = 50;
  for (std::uint64_t number = 0; number < key_count; ++number)
    store_.put(a_key("key " + std::to_string(number), KeyId{{1, number}}, TenantId{{2, number % 5}}));
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t thread = 0; thread < 3; ++thread) {
      threads.emplace_back([this, thread, &wrong] {
        ports::PostingLoop loop;
        for (std::uint64_t round = 0; round < 2000; ++round) {
          const std::uint64_t number = (round * 7 + thread) % key_count;
          const std::string secret = "key " + std::to_string(number);
          const ports::KeyLookup lookup = loop.run(directory_.find(secret));
          if (lookup.outcome != KeyOutcome::found || lookup.resolved->key.id != KeyId{{1, number}}) ++wrong;
          directory_.note_use(KeyId{{1, number}}, WallTime{static_cast<std::int64_t>(round)});
        }
      });
    }
    threads.emplace_back([this] {
      for (std::uint64_t round = 0; round < 300; ++round) {
        feed_.publish(ports::KeyChanged{KeyId{{1, round % key_count}}, TenantId{{2, round % 5}}});
        feed_.publish(ports::TenantChanged{TenantId{{2, round % 5}}});
        if (round % 50 == 0) feed_.publish(ports::EverythingChanged{});
        directory_.flush_uses().run_now();
      }
    });
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace obleth::adapters
