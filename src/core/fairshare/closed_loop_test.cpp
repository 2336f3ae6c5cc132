// Clients that ask again as soon as they are answered, before the engine and a server that takes its time
// for every token.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "core/fairshare/admission_rig.hpp"

namespace obleth::fairshare {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration prompt_token_time = std::chrono::microseconds(100);
constexpr Duration output_token_time = milliseconds(2);
constexpr Duration asks_again_after_refusal = milliseconds(100);

struct Received {
  std::int64_t work = 0;  // milli-tokens
  std::uint64_t answers = 0;
  std::uint64_t refusals = 0;
  Duration longest_wait{0};
  Duration longest_retry_after{0};
};

class ClosedLoop {
 public:
  explicit ClosedLoop(std::uint32_t slots) : rig({.capacity = slots, .brownout_wait = std::chrono::hours(1)}) {}

  // What the request says, and what the server says that it was.
  struct Client {
    Arrive asks;
    std::function<TokenUsage()> usage;
    Instant until = Instant::distant_future();
  };
  void add(int count, const Client& client) {
    for (; count > 0; --count) {
      due_.emplace(rig.now, Due{.waiter = 0, .client = clients_.size()});
      clients_.push_back(client);
    }
  }
  void happen(const Event& event) {
    rig.step(event);
    take_actions();
  }
  void run_for(Duration span) {
    const Instant end = rig.now + span;
    while (true) {
      const Instant next = due_.empty() ? end : std::min(end, due_.begin()->first);
      if (const Instant wakeup = rig.engine.next_wakeup(); wakeup < next) {
        rig.now = std::max(rig.now, wakeup);
        happen(Tick{});
        continue;
      }
      rig.now = std::max(rig.now, next);
      if (due_.empty() || due_.begin()->first > rig.now || rig.now >= end) return;
      const Due due = due_.begin()->second;
      due_.erase(due_.begin());
      due.waiter == 0 ? ask(due.client) : answer(due);
    }
  }
  [[nodiscard]] const Received& of(std::uint64_t tenant) { return received_[id_of<TenantId>(tenant)]; }

  Rig rig;

 private:
  struct Due {
    std::uint64_t waiter = 0;  // whose answer ends; 0: the client asks
    std::size_t client = 0;
    TokenUsage usage;
  };

  void ask(std::size_t at) {
    const Client& client = clients_[at];
    if (rig.now >= client.until) return;
    Arrive event = client.asks;
    event.waiter = ++waiters_;
    client_of_[event.waiter] = at;
    happen(event);
  }
  void answer(const Due& due) {
    rig.step(Finish{.ticket = rig.tickets.at(due.waiter), .usage = due.usage});
    Received& received = of_client(due.client);
    received.work += rig.actions.settled.at(0).cost.value;
    ++received.answers;
    take_actions();
    ask(due.client);
  }
  void take_actions() {
    const Actions actions = rig.actions;
    for (const Granted& granted : actions.granted) {
      const std::size_t client = client_of_.at(granted.waiter);
      Received& received = of_client(client);
      received.longest_wait = std::max(received.longest_wait, granted.wait);
      const TokenUsage usage = clients_[client].usage();
      const Duration takes = usage.prompt.value * prompt_token_time + usage.output.value * output_token_time;
      due_.emplace(rig.now + takes, Due{.waiter = granted.waiter, .client = client, .usage = usage});
    }
    for (const Refused& refused : actions.refused) {
      const std::size_t client = client_of_.at(refused.waiter);
      Received& received = of_client(client);
      ++received.refusals;
      received.longest_retry_after = std::max(received.longest_retry_after, refused.retry_after);
      due_.emplace(rig.now + asks_again_after_refusal, Due{.waiter = 0, .client = client, .usage = {}});
    }
  }
  Received& of_client(std::size_t client) { return received_[clients_[client].asks.tenant]; }

  std::vector<Client> clients_;
  std::multimap<Instant, Due> due_;
  std::map<std::uint64_t, std::size_t> client_of_;
  std::map<TenantId, Received> received_;
  std::uint64_t waiters_ = 0;
};

Arrive asks_of(std::uint64_t tenant, std::uint32_t weight = default_weight, std::uint64_t model = 1) {
  Arrive event = Rig::request(0, tenant, 1, model);
  event.tenant_settings.weight = weight;
  event.prompt_tokens = 10;
  event.requested_cap = 4'000;
  return event;
}

std::function<TokenUsage()> always(std::int64_t prompt, std::int64_t output) {
  return [=] { return TokenUsage{.prompt = {prompt}, .output = {output}}; };
}

double share_of_first(ClosedLoop& loop) {
  const auto first = static_cast<double>(loop.of(1).work);
  return first / (first + static_cast<double>(loop.of(2).work));
}

// ---- shares -----------------------------------------------------------------------------------------------------

TEST(ClosedLoop, LongAnswersThatNobodyExpectedArePaidFor) {
  ClosedLoop loop(8);
  std::mt19937 random(1);
  const auto heavy_tail = [&] { return always(10, random() % 10 == 0 ? 1'000 : 5)(); };
  loop.add(16, {.asks = asks_of(1), .usage = heavy_tail});
  loop.add(16, {.asks = asks_of(2), .usage = always(10, 105)});
  loop.run_for(minutes(10));
  EXPECT_NEAR(share_of_first(loop), 0.5, 0.01);
  EXPECT_LT(loop.rig.engine.snapshot(loop.rig.now).forgiven_cost, (loop.of(1).work + loop.of(2).work) / 1'000);
}

TEST(ClosedLoop, LongPromptsThatNobodyExpectedArePaidFor) {
  ClosedLoop loop(8);
  loop.add(16, {.asks = asks_of(1), .usage = always(5'000, 5)});
  loop.add(16, {.asks = asks_of(2), .usage = always(10, 200)});
  loop.run_for(minutes(10));
  EXPECT_NEAR(share_of_first(loop), 0.5, 0.01);
}

// As many clients as slots: its queue is empty again and again, while the other's never is.
TEST(ClosedLoop, EmptyQueueNowAndThenVoidsNoDebt) {
  ClosedLoop loop(8);
  std::mt19937 random(1);
  const auto heavy_tail = [&] { return always(10, random() % 10 == 0 ? 1'000 : 5)(); };
  loop.add(6, {.asks = asks_of(1), .usage = heavy_tail});
  loop.add(16, {.asks = asks_of(2), .usage = always(10, 105)});
  loop.run_for(minutes(10));
  EXPECT_LT(share_of_first(loop), 0.51);
}

// Every slot is its own with answers that nobody expected to be so long; then another comes.
TEST(ClosedLoop, WhoRanAheadOnIdleSlotsIsServedSoonAfterOthersCome) {
  ClosedLoop loop(8);
  std::int64_t length = 5;
  loop.add(16, {.asks = asks_of(1), .usage = [&] { return always(10, length)(); }});
  loop.run_for(seconds(10));
  length = 2'000;
  loop.run_for(seconds(1));
  length = 100;
  const std::uint64_t before = loop.of(1).answers;
  loop.add(16, {.asks = asks_of(2), .usage = always(10, 100)});
  // The eight long answers are worth 4 s of the pool, one of them half a second.
  loop.run_for(seconds(4));
  const std::uint64_t ended = loop.of(1).answers;
  EXPECT_GE(ended, before + 8);
  loop.run_for(seconds(2));
  EXPECT_GT(loop.of(1).answers, ended + 15);
  EXPECT_GT(loop.rig.engine.snapshot(loop.rig.now).forgiven_cost, 0);
}

// ---- waits ------------------------------------------------------------------------------------------------------

class NarrowModel : public testing::Test {
 protected:
  void SetUp() override {
    loop.happen(SetModel{.model = id_of<ModelId>(2), .settings = {.max_in_flight = 2}});
    loop.add(4, {.asks = asks_of(1), .usage = always(10, 100)});
    loop.run_for(minutes(1));
  }
  void burst(int clients) {
    loop.add(clients,
             {.asks = asks_of(2, default_weight, 2), .usage = always(10, 200), .until = loop.rig.now + seconds(10)});
    loop.run_for(seconds(20));
  }
  ClosedLoop loop{8};
};

TEST_F(NarrowModel, FirstBurstIsNotRefused) {
  burst(40);
  EXPECT_EQ(loop.of(2).refusals, 0U);
  EXPECT_LT(loop.of(2).longest_wait, seconds(10));
}

TEST_F(NarrowModel, BurstAfterAMinuteOfNothingIsNotRefused) {
  burst(40);
  for (int idle = 0; idle < 3; ++idle) {
    loop.run_for(seconds(60) + idle * minutes(2));
    burst(40);
  }
  EXPECT_EQ(loop.of(2).refusals, 0U);
}

// While it was away nothing could be seen of how fast it is.
TEST_F(NarrowModel, BurstAfterAnOutageIsNotRefused) {
  burst(40);
  loop.add(10, {.asks = asks_of(2, default_weight, 2), .usage = always(10, 200), .until = loop.rig.now + seconds(1)});
  loop.happen(SetEligible{.model = id_of<ModelId>(2), .eligible = false});
  loop.run_for(seconds(50));
  loop.happen(SetEligible{.model = id_of<ModelId>(2)});
  burst(40);
  EXPECT_EQ(loop.of(2).refusals, 0U);
}

TEST(ClosedLoop, OutageOfTheOnlyModelIsNoReasonToExpectLongWaits) {
  ClosedLoop loop(4);
  loop.add(12, {.asks = asks_of(1), .usage = always(10, 200)});
  loop.run_for(seconds(30));
  loop.happen(SetEligible{.model = id_of<ModelId>(1), .eligible = false});
  loop.run_for(seconds(30));
  const std::int64_t before = loop.rig.engine.snapshot(loop.rig.now).drain_rate_per_second;
  EXPECT_GT(before, 4 * 800'000);  // four slots with some 840 cost for 0.4 s each
  loop.happen(SetEligible{.model = id_of<ModelId>(1)});
  loop.add(100, {.asks = asks_of(2), .usage = always(10, 200)});
  loop.run_for(seconds(10));
  EXPECT_EQ(loop.of(1).refusals + loop.of(2).refusals, 0U);
}

// Most slots are free, and a slow model with a queue of its own is all that works.
TEST(ClosedLoop, QueueOfANarrowModelSaysNothingOfHowFastThePoolIs) {
  ClosedLoop loop(8);
  loop.happen(SetModel{.model = id_of<ModelId>(2), .settings = {.max_in_flight = 1}});
  loop.add(8, {.asks = asks_of(1, default_weight, 2), .usage = always(10, 100)});
  loop.run_for(minutes(2));
  loop.add(250, {.asks = asks_of(2), .usage = always(10, 200)});
  loop.run_for(seconds(30));
  EXPECT_EQ(loop.of(2).refusals, 0U);
}

class SlightTenant : public testing::Test {
 protected:
  void SetUp() override {
    loop.add(12, {.asks = asks_of(1, 1'000), .usage = always(10, 200)});
    loop.run_for(seconds(5));
  }
  ClosedLoop loop{4};
};

TEST_F(SlightTenant, IsServedByTheAgeGuardAndNotRefusedBeforeItsTime) {
  loop.add(1, {.asks = asks_of(2, 1), .usage = always(10, 200)});
  loop.run_for(minutes(5));
  EXPECT_EQ(loop.of(2).refusals, 0U);
  EXPECT_GE(loop.of(2).answers, 8U);
  EXPECT_LT(loop.of(2).longest_wait, seconds(33));
}

TEST_F(SlightTenant, WhoQueuesMoreThanTheGuardCanServeIsRefusedAndToldForHowLong) {
  loop.add(200, {.asks = asks_of(2, 1), .usage = always(10, 200)});
  loop.run_for(seconds(20));
  EXPECT_GT(loop.of(2).refusals, 100U);
  EXPECT_EQ(loop.of(2).longest_retry_after, seconds(60));
  EXPECT_EQ(loop.of(1).refusals, 0U);
}

}  // namespace
}  // namespace obleth::fairshare
