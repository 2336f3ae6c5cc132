// Grants, departures and deadlines race each other over several real loops: no slot is lost, none is given twice, and
// every waiter is decided once. OBLETH_TEST_RACES says how many requests race (20,000).
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/system_clock.hpp"
#include "base/ensure.hpp"
#include "base/task.hpp"
#include "gateway/admission_desk.hpp"

namespace obleth::gateway {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr std::uint32_t slots_max = 3;
constexpr int racing_threads = 4;
constexpr int waiters_of_a_thread = 8;
constexpr Duration lost_after = seconds(60);  // nothing was decided for so long: a waiter was forgotten

std::uint64_t races_asked_for() {
  const char* const told = std::getenv("OBLETH_TEST_RACES");
  return told != nullptr ? std::strtoull(told, nullptr, 10) : 20'000;
}

// What all threads count together.
struct Tally {
  std::atomic<std::int64_t> held = 0;  // slots in use as the requests themselves know it
  std::atomic<std::uint64_t> granted = 0;
  std::atomic<std::uint64_t> refused = 0;
  std::atomic<std::uint64_t> left = 0;
  std::atomic<std::uint64_t> contradictions = 0;  // a slot too many, or a waiter that was granted and refused
  [[nodiscard]] std::uint64_t decided() const { return granted + refused + left; }
};

// One thread with its loop: a few requests at a time, each of which may leave whenever it likes.
class Racer {
 public:
  Racer(AdmissionDesk& desk, Tally& tally, std::uint64_t races, std::uint64_t seed)
      : desk_(desk), tally_(tally), races_left_(races), random_(seed) {}

  void run() {
    desk_.attach(loop_);
    for (int waiter = 0; waiter < waiters_of_a_thread; ++waiter)
      loop_.submit([this] { begin(race_on()); });
    loop_.run();
    desk_.detach(loop_);
  }

 private:
  // The loop stops when the last task has ended.
  void begin(Task<void> task) {
    ++running_;
    spawn(and_then_stop(std::move(task)));
  }
  Task<void> and_then_stop(Task<void> task) {
    co_await task;
    if (--running_ == 0) loop_.stop();
  }

  Task<void> race_on() {
    co_await adapters::NextTurn(loop_);  // all have begun before the first has ended
    while (races_left_ > 0) {
      --races_left_;
      co_await race();
    }
  }

  Task<void> race() {
    const auto departure = std::make_shared<CancelSignal>();
    switch (below(8)) {
      case 0:
        departure->fire();
        break;
      case 1:
      case 2:
      case 3:
      case 4:
        begin(leave_soon(departure, below(5)));
        break;
      default:
        break;
    }
    const fairshare::Arrive arrive = some_arrival();
    const TurnOutcome turn = co_await desk_.await_turn(arrive, {}, loop_, *departure);
    if (turn.granted && turn.refused) ++tally_.contradictions;
    if (!turn.granted) {
      ++(turn.refused ? tally_.refused : tally_.left);
      co_return;
    }
    ++tally_.granted;
    co_await hold_slot(turn.granted->ticket);
  }

  Task<void> hold_slot(fairshare::Ticket ticket) {
    if (tally_.held.fetch_add(1) >= slots_max) ++tally_.contradictions;
    for (std::uint64_t turns = below(3); turns > 0; --turns) {
      co_await adapters::NextTurn(loop_);
    }
    if (below(2) == 0) desk_.progress(ticket, 40, loop_.now());
    tally_.held.fetch_sub(1);
    desk_.finish({.ticket = ticket, .reached_upstream = below(2) == 0, .learn = false}, loop_.now());
  }

  Task<void> leave_soon(std::shared_ptr<CancelSignal> departure, std::uint64_t turns) {
    for (; turns > 0; --turns) {
      co_await adapters::NextTurn(loop_);
    }
    departure->fire();
  }

  fairshare::Arrive some_arrival() {
    const std::uint64_t tenant = 1 + below(5);
    fairshare::Arrive arrive{.group = GroupId{{1, 1}},
                             .tenant = TenantId{{tenant, tenant}},
                             .key = KeyId{{tenant, 1 + below(2)}},
                             .tenant_settings = {.weight = static_cast<std::uint32_t>(100 * tenant)},
                             .prompt_tokens = 10,
                             .requested_cap = 50};
    if (below(8) == 0) arrive.deadline = loop_.now() + microseconds(below(3000));
    return arrive;
  }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  AdmissionDesk& desk_;
  Tally& tally_;
  std::uint64_t races_left_;
  std::mt19937_64 random_;
  adapters::EpollLoop loop_;
  int running_ = 0;
};

// Looks on from a thread without a loop, and changes the capacity under the racers' feet.
class Onlooker {
 public:
  Onlooker(AdmissionDesk& desk, const Tally& tally) : desk_(desk), tally_(tally) {}

  void watch(std::uint64_t races) {
    std::uint64_t decided_before = 0;
    Instant moved_at = clock_.now();
    std::uint32_t slots = slots_max;
    while (tally_.decided() < races) {
      look();
      slots = slots % slots_max + 1;
      desk_.configure(fairshare::SetCapacity{slots}, clock_.now());
      const std::uint64_t decided = tally_.decided();
      if (decided != std::exchange(decided_before, decided)) moved_at = clock_.now();
      ensure(clock_.now() - moved_at < lost_after, "a waiter was never decided");
      std::this_thread::yield();
    }
  }
  [[nodiscard]] std::uint64_t idle_slots_seen() const { return idle_slots_seen_; }
  [[nodiscard]] std::uint64_t looks() const { return looks_; }

 private:
  void look() {
    const fairshare::Snapshot now = desk_.snapshot(clock_.now());
    ++looks_;
    if (now.in_flight > slots_max || (now.in_flight < now.capacity && now.queued > 0)) ++idle_slots_seen_;
  }

  AdmissionDesk& desk_;
  const Tally& tally_;
  adapters::SystemClock clock_;
  std::uint64_t idle_slots_seen_ = 0;
  std::uint64_t looks_ = 0;
};

TEST(AdmissionDesk, NoSlotIsLostOrDoubledHoweverGrantsAndDeparturesRace) {
  AdmissionDesk desk({.capacity = slots_max});
  Tally tally;
  const std::uint64_t races_each = std::max<std::uint64_t>(races_asked_for() / racing_threads, 1);
  const std::uint64_t races = races_each * racing_threads;
  std::vector<std::unique_ptr<Racer>> racers;
  for (int number = 0; number < racing_threads; ++number)
    racers.push_back(std::make_unique<Racer>(desk, tally, races_each, static_cast<std::uint64_t>(number) + 1));
  Onlooker onlooker(desk, tally);
  {
    std::vector<std::jthread> threads;
    for (const auto& racer : racers)
      threads.emplace_back([&racer] { racer->run(); });
    onlooker.watch(races);
  }
  EXPECT_EQ(tally.decided(), races);
  EXPECT_EQ(tally.contradictions, 0U);
  EXPECT_EQ(onlooker.idle_slots_seen(), 0U) << "of " << onlooker.looks() << " looks";
  EXPECT_EQ(desk.in_flight(), 0U);
  EXPECT_EQ(desk.queued(), 0U);
  // Each way to end was taken, or nothing has raced.
  EXPECT_GT(tally.granted, races / 10);
  EXPECT_GT(tally.left, races / 10);
  EXPECT_GT(tally.refused, 0U);
  RecordProperty("granted", std::to_string(tally.granted));
  RecordProperty("left", std::to_string(tally.left));
  RecordProperty("refused", std::to_string(tally.refused));
}

}  // namespace
}  // namespace obleth::gateway
