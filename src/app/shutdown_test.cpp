#include "app/shutdown.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "adapters/os/epoll_loop.hpp"

namespace obleth::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto patience = seconds(20);

// A listener whose connections are only counted.
class ShutdownTest : public testing::Test {
 protected:
  ShutdownTest() { ports::Loop::set_current(&loop_); }
  ~ShutdownTest() override { ports::Loop::set_current(nullptr); }

  void begin(ShutdownTimes times) {
    readiness_.configuration_loaded();
    spawn(run(times));
  }
  void turn_until(const auto& holds) {
    const Instant deadline = loop_.refresh_now() + patience;
    while (!holds() && loop_.now() < deadline)
      loop_.turn(milliseconds(5));
    ASSERT_TRUE(holds());
  }

  adapters::EpollLoop loop_;
  observe::Readiness readiness_;
  std::unique_ptr<adapters::HttpListener> listener_ = std::move(
      *adapters::HttpListener::open({.address = *adapters::NetAddress::parse_with_port("127.0.0.1:0"), .threads = 1}));
  adapters::NetAddress client_ = *adapters::NetAddress::parse("192.0.2.1", 1);
  DataThreads no_threads_;
  std::optional<Duration> took_;

 private:
  Task<void> run(ShutdownTimes times) {
    const Instant began = loop_.refresh_now();
    co_await shut_down(loop_, readiness_, *listener_, no_threads_, times);
    took_ = loop_.refresh_now() - began;
  }
};

TEST_F(ShutdownTest, IsSeenAtOnceAndServesThroughItsNotice) {
  begin({.notice = milliseconds(200), .grace = seconds(10)});
  EXPECT_FALSE(readiness_.ready());
  EXPECT_EQ(readiness_.reason(), "draining");
  EXPECT_TRUE(listener_->is_closing()) << "answers say Connection: close";
  EXPECT_TRUE(readiness_.serving());
  EXPECT_FALSE(took_);
  turn_until([&] { return took_.has_value(); });
  EXPECT_FALSE(readiness_.serving());
  EXPECT_GE(*took_, milliseconds(200));
  EXPECT_LT(*took_, seconds(5)) << "nobody is there to wait for";
}

TEST_F(ShutdownTest, WaitsForTheLastConnection) {
  ASSERT_TRUE(listener_->enter(client_));
  begin({.notice = Duration{0}, .grace = seconds(30)});
  turn_until([&] { return !readiness_.serving(); });
  const Instant until = loop_.refresh_now() + milliseconds(100);
  turn_until([&] { return loop_.now() >= until; });
  EXPECT_FALSE(took_);
  listener_->leave(client_);
  turn_until([&] { return took_.has_value(); });
  EXPECT_LT(*took_, seconds(5));
}

TEST_F(ShutdownTest, WaitsNoLongerThanItsGrace) {
  ASSERT_TRUE(listener_->enter(client_));
  begin({.notice = Duration{0}, .grace = milliseconds(300)});
  turn_until([&] { return took_.has_value(); });
  EXPECT_GE(*took_, milliseconds(300));
  EXPECT_LT(*took_, seconds(5));
  listener_->leave(client_);
}

}  // namespace
}  // namespace obleth::app
