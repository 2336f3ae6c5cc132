#include "adapters/redis/settle_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/redis/redis_process_test.hpp"

namespace obleth::adapters {
namespace {

using testing::LinkFloor;
using testing::RedisProcess;
using testing::turn_until;

// A queue over a server that the test breaks.
struct Booking {
  explicit Booking(RedisSettings settings)
      : server(std::move(settings), floor.dialer, watch()), link(floor.loop, server), queue(link, dropped) {}
  ~Booking() { link.close(); }

  RedisWatch watch() {
    return {.state = {}, .call = [this](std::string_view, Duration) { ++calls; }};
  }
  // A cancellation, under names that begin with this.
  void add(std::string_view prefix = "mine") {
    const std::string name = std::string(prefix) + ":{t}:";
    queue.add({.keys = {name + "state", name + "expiries", name + "none"},
               .arguments = {"", std::to_string(++added), "0", "0", "0", "0", "0", "0", "0", "1", "0"}});
  }
  void until_waiting(std::size_t number) {
    turn_until(floor.loop, [&] { return queue.waiting() == number; });
  }

  LinkFloor floor;
  std::uint64_t calls = 0;  // that have ended, answered or not
  std::uint64_t added = 0;
  std::atomic<std::uint64_t> dropped = 0;
  RedisServer server;
  RedisLink link;
  SettleQueue queue;
};

TEST(SettleQueue, WhatWaitedIsSentInSmallerPartsToARedisThatDoesNotAnswer) {
  RedisProcess redis;
  RedisSettings settings = redis.settings();
  settings.call_max = std::chrono::milliseconds(250);
  Booking booking(settings);
  bool answers = false;
  booking.link.watch([&](bool is_open) {
    if (is_open && !answers) redis.pause();
  });
  constexpr std::uint64_t bookings = 500;
  for (std::uint64_t at = 0; at < bookings; ++at)
    booking.add();
  std::vector<std::uint64_t> sent;
  for (std::uint64_t connection = 1; connection <= 6; ++connection) {
    const std::uint64_t before = booking.calls;
    turn_until(booking.floor.loop, [&] { return booking.link.connection_count() == connection; });
    turn_until(booking.floor.loop, [&] { return !booking.link.is_up() && booking.calls > before; });
    sent.push_back(booking.calls - before);
    redis.go_on();
  }
  EXPECT_EQ(sent, (std::vector<std::uint64_t>{16, 8, 4, 2, 1, 1}));
  answers = true;
  booking.until_waiting(0);
  EXPECT_EQ(booking.dropped, 0U);
  EXPECT_EQ(redis.ask({"HLEN", "mine:{t}:state"}).integer, bookings);
}

TEST(SettleQueue, AnOutageAfterAnotherBeginsWithFewAgain) {
  RedisProcess redis;
  Booking booking(redis.settings());
  for (int outage = 1; outage <= 2; ++outage) {
    ASSERT_FALSE(booking.link.is_up());
    for (int at = 0; at < 500; ++at)
      booking.add();
    turn_until(booking.floor.loop, [&] { return booking.queue.waiting() < 500; });
    EXPECT_GE(booking.queue.waiting(), 500U - 16) << "outage " << outage;
    booking.until_waiting(0);
    redis.kill();
    turn_until(booking.floor.loop, [&] { return !booking.link.is_up(); });
    redis.start();
  }
}

TEST(SettleQueue, WhatIsDroppedTakesThoseAlongThatWereBookedBehindIt) {
  RedisProcess redis;
  Booking booking(redis.settings());
  booking.add();
  booking.until_waiting(0);  // and the script is known
  redis.ask({"ACL", "SETUSER", "default", "resetkeys", "~mine:*"});
  booking.add("foreign");
  constexpr std::size_t booked = 20;
  for (std::size_t at = 0; at < booked; ++at)
    booking.add();
  turn_until(booking.floor.loop, [&] { return !booking.link.is_up(); });
  redis.kill();
  ASSERT_EQ(booking.queue.waiting(), booked + 1);
  while (booking.queue.waiting() < SettleQueue::waiting_max)
    booking.add();
  ASSERT_EQ(booking.dropped, 0U);
  booking.add();
  EXPECT_EQ(booking.dropped, 1U);
  const std::size_t unbooked = SettleQueue::waiting_max - booked;
  EXPECT_EQ(booking.queue.waiting(), unbooked);
  redis.start();
  turn_until(booking.floor.loop, [&] { return booking.queue.waiting() < unbooked; });
}

}  // namespace
}  // namespace obleth::adapters
