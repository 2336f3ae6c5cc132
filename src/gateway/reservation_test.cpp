#include "gateway/reservation.hpp"

#include <gtest/gtest.h>

#include <set>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

const GatewayBounds one_slot = {.admission = {.capacity = 1, .admission_timeout = hours(1)}};

ScriptedAnswer answer_after(Duration head_takes) {
  ScriptedAnswer answer = good_answer();
  answer.head_takes = head_takes;
  return answer;
}

std::set<EventId> renewed_last(const TestGateway& gateway) {
  std::set<EventId> ids;
  for (const ports::HeldReservation& held : gateway.ledger.renewals.back())
    ids.insert(held.reservation);
  return ids;
}

TEST(HeldBudgets, AreRenewedFromReserveToSettleTheQueueIncluded) {
  TestGateway gateway(one_slot);
  gateway.ledger.granted.renewable = true;
  gateway.upstream.always_answers(answer_after(seconds(250)));
  const auto running = gateway.begin(chat());
  const auto waiting = gateway.begin(chat());
  gateway.loop.advance(seconds(240));
  // Never two thirds of a lifetime without one.
  EXPECT_EQ(gateway.ledger.renewals.size(), 6U);
  EXPECT_EQ(renewed_last(gateway), (std::set{running->id, waiting->id}));
  gateway.finish(*running);
  gateway.loop.advance(seconds(40));
  EXPECT_EQ(renewed_last(gateway), std::set{waiting->id});
  EXPECT_EQ(gateway.ledger.renewals.back().front().tenant, gateway.who().tenant.id);
  gateway.finish(*waiting);
  const std::size_t renewals = gateway.ledger.renewals.size();
  gateway.loop.advance(hours(1));
  EXPECT_EQ(gateway.ledger.renewals.size(), renewals);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(HeldBudgets, WhatNoLimitHoldsIsNotRenewed) {
  TestGateway gateway;
  gateway.upstream.always_answers(answer_after(seconds(250)));
  const auto running = gateway.begin(chat());
  gateway.finish(*running);
  EXPECT_TRUE(gateway.ledger.renewals.empty());
}

TEST(HeldBudgets, ARequestThatLeavesIsNotRenewedAgain) {
  TestGateway gateway;
  gateway.ledger.granted.renewable = true;
  gateway.upstream.always_answers(answer_after(seconds(250)));
  std::vector<std::unique_ptr<Conversation>> running;
  for (int request = 0; request < 3; ++request)
    running.push_back(gateway.begin(chat()));
  const EventId first = running[0]->id;
  const EventId last = running[2]->id;
  running.erase(running.begin() + 1);
  gateway.loop.advance(renewal_period);
  EXPECT_EQ(renewed_last(gateway), (std::set{first, last}));
  running.clear();
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(HeldBudgets, SettlesOfOneThreadAreNumberedInTheirOrder) {
  TestGateway gateway;
  for (int request = 0; request < 3; ++request)
    static_cast<void>(gateway.ask(chat()));
  const auto& settles = gateway.ledger.settles;
  ASSERT_EQ(settles.size(), 3U);
  for (std::size_t at = 0; at < settles.size(); ++at) {
    EXPECT_EQ(settles[at].turn.sequence, at + 1);
    EXPECT_EQ(settles[at].turn.stream, settles[0].turn.stream);
    EXPECT_EQ(settles[at].ended_at, gateway.loop.wall_now());
  }
}

}  // namespace
}  // namespace obleth::gateway
