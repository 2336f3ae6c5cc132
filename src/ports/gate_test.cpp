#include "ports/gate.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "ports/posting_loop.hpp"

namespace obleth::ports {
namespace {

Task<bool> passed(Gate& gate, Loop& loop) {
  const auto handover = std::make_shared<Handover>(loop);
  if (gate.wait(handover)) co_await handover->awaited();
  co_return true;
}

TEST(Gate, LetsEveryWaiterThroughOnTheLoopOfItsOwn) {
  Gate gate;
  const auto waits = [&gate] {
    PostingLoop loop;
    return loop.run(passed(gate, loop));
  };
  bool first = false;
  bool second = false;
  std::jthread one([&] { first = waits(); });
  std::jthread two([&] { second = waits(); });
  gate.open();
  one.join();
  two.join();
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
}

TEST(Gate, OnceOpenHoldsNobody) {
  Gate gate;
  gate.open();
  gate.open();
  PostingLoop loop;
  EXPECT_FALSE(gate.wait(std::make_shared<Handover>(loop)));
}

}  // namespace
}  // namespace obleth::ports
