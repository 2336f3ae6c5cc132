#include "base/cancel_signal.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>

namespace obleth {
namespace {

class Ear final : public CancelSignal::Listener {
 public:
  explicit Ear(std::function<void()> on_cancel = [] {}) : on_cancel_(std::move(on_cancel)) {}
  void cancelled() override {
    ++heard;
    on_cancel_();
  }
  int heard = 0;

 private:
  std::function<void()> on_cancel_;
};

TEST(CancelSignal, EveryAttachedListenerHearsItOnce) {
  CancelSignal signal;
  Ear first;
  Ear second;
  signal.attach(first);
  signal.attach(second);
  signal.fire();
  signal.fire();
  EXPECT_TRUE(signal.fired());
  EXPECT_EQ(first.heard, 1);
  EXPECT_EQ(second.heard, 1);
}

TEST(CancelSignal, ListenerThatIsDetachedOrDestroyedHearsNothing) {
  CancelSignal signal;
  Ear first;
  Ear last;
  Ear detached;
  signal.attach(first);
  signal.attach(detached);
  {
    Ear destroyed;
    signal.attach(destroyed);
    signal.attach(last);
  }
  CancelSignal::detach(detached);
  CancelSignal::detach(detached);
  signal.fire();
  EXPECT_EQ(detached.heard, 0);
  EXPECT_EQ(first.heard, 1);
  EXPECT_EQ(last.heard, 1);
}

TEST(CancelSignal, ListenerMayEndOthersWhileItHears) {
  CancelSignal signal;
  std::optional<Ear> victim(std::in_place);
  signal.attach(*victim);
  Ear killer([&victim] { victim.reset(); });
  signal.attach(killer);  // the latest is told first
  signal.fire();
  EXPECT_EQ(killer.heard, 1);
  EXPECT_FALSE(victim);
}

TEST(CancelSignal, SignalMayGoBeforeItsListeners) {
  Ear ear;
  {
    CancelSignal signal;
    signal.attach(ear);
  }
  CancelSignal::detach(ear);
  CancelSignal next;
  next.attach(ear);
  next.fire();
  EXPECT_EQ(ear.heard, 1);
}

TEST(CancelSignal, AttachingToAnotherSignalLeavesTheFirst) {
  CancelSignal first;
  CancelSignal second;
  Ear ear;
  first.attach(ear);
  second.attach(ear);
  first.fire();
  EXPECT_EQ(ear.heard, 0);
  second.fire();
  EXPECT_EQ(ear.heard, 1);
}

TEST(CancelSignal, RearmedSignalFiresAgain) {
  CancelSignal signal;
  Ear ear;
  signal.attach(ear);
  signal.fire();
  signal.rearm();
  EXPECT_FALSE(signal.fired());
  signal.attach(ear);
  signal.fire();
  EXPECT_EQ(ear.heard, 2);
}

}  // namespace
}  // namespace obleth
