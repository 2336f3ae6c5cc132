#include "app/change_queue.hpp"

#include <gtest/gtest.h>

#include <coroutine>
#include <vector>

#include "adapters/os/epoll_loop.hpp"

namespace obleth::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TenantId tenant_one{{1, 1}};
constexpr TenantId tenant_two{{2, 2}};

// What is followed ends when the test says so.
class ChangeQueueTest : public testing::Test {
 protected:
  ChangeQueueTest() { ports::Loop::set_current(&loop_); }
  ~ChangeQueueTest() override { ports::Loop::set_current(nullptr); }

  struct UntilTold {
    ChangeQueueTest& test;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> follower) const { test.under_way_.push_back(follower); }
    void await_resume() const noexcept {}
  };
  Task<void> follow(ports::Change change) {
    begun_.push_back(std::move(change));
    co_await UntilTold{*this};
  }
  // Of all that run, the one that began first.
  void end_one() {
    const std::coroutine_handle<> follower = under_way_.front();
    under_way_.erase(under_way_.begin());
    follower.resume();
  }
  Task<void> wait(Duration quiet_max) {
    Task<void> followed = queue_.followed(loop_, quiet_max);
    co_await followed;
    ++waited_;
  }

  adapters::EpollLoop loop_;
  std::vector<ports::Change> begun_;
  std::vector<std::coroutine_handle<>> under_way_;
  int waited_ = 0;
  ChangeQueue queue_{[this](ports::Change change) { return follow(std::move(change)); }};
};

TEST_F(ChangeQueueTest, WhatIsToldAgainAndAgainIsFollowedOnceMore) {
  for (int told = 0; told < 1000; ++told)
    queue_.add(ports::ModelsChanged{});
  EXPECT_EQ(begun_.size(), 1U);
  end_one();
  EXPECT_EQ(begun_.size(), 2U) << "the first may have read what was before the others";
  end_one();
  EXPECT_EQ(begun_.size(), 2U);
  queue_.add(ports::ModelsChanged{});
  EXPECT_EQ(begun_.size(), 3U);
  end_one();
}

TEST_F(ChangeQueueTest, OfEachKindOneIsFollowedAtATimeAndNoneIsLost) {
  queue_.add(ports::TenantChanged{tenant_one});
  queue_.add(ports::TenantChanged{tenant_two});
  queue_.add(ports::TenantChanged{tenant_one});
  queue_.add(ports::SettingsChanged{});
  EXPECT_EQ(begun_, (std::vector<ports::Change>{ports::TenantChanged{tenant_one}, ports::SettingsChanged{}}));
  begun_.clear();
  while (!under_way_.empty()) {
    EXPECT_LE(under_way_.size(), 2U);
    end_one();
  }
  EXPECT_EQ(begun_, (std::vector<ports::Change>{ports::TenantChanged{tenant_one}, ports::TenantChanged{tenant_two}}));
}

TEST_F(ChangeQueueTest, WhoWaitsIsToldWhenWhatCameBeforeIsFollowedWhateverComesLater) {
  spawn(wait(seconds(20)));
  EXPECT_EQ(waited_, 1) << "there is nothing to wait for";
  queue_.add(ports::ModelsChanged{});
  queue_.add(ports::ModelsChanged{});
  queue_.add(ports::GroupsChanged{});
  spawn(wait(seconds(20)));
  end_one();
  end_one();
  EXPECT_EQ(waited_, 1);
  queue_.add(ports::ModelsChanged{});
  end_one();
  EXPECT_EQ(waited_, 2);
  end_one();
  EXPECT_TRUE(under_way_.empty());
}

TEST_F(ChangeQueueTest, WhoWaitsIsNotHeldLongerThanNothingIsFollowed) {
  queue_.add(ports::ModelsChanged{});
  spawn(wait(milliseconds(30)));
  const Instant latest = loop_.refresh_now() + seconds(20);
  while (waited_ == 0 && loop_.now() < latest)
    loop_.turn(milliseconds(5));
  EXPECT_EQ(waited_, 1);
  end_one();
}

TEST_F(ChangeQueueTest, WhoWaitsIsHeldAsLongAsOneAfterAnotherIsFollowed) {
  for (std::uint64_t tenant = 0; tenant < 20; ++tenant)
    queue_.add(ports::TenantChanged{TenantId{{tenant, 0}}});
  constexpr Duration quiet_max = milliseconds(300);
  spawn(wait(quiet_max));
  const Instant began = loop_.refresh_now();
  while (!under_way_.empty()) {
    EXPECT_EQ(waited_, 0);
    end_one();
    loop_.turn(milliseconds(30));
  }
  EXPECT_EQ(waited_, 1);
  EXPECT_GT(loop_.now() - began, quiet_max) << "else it proves nothing";
}

}  // namespace
}  // namespace obleth::app
