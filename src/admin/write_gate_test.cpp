#include "admin/write_gate.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "admin/step_loop_test.hpp"

namespace obleth::admin {
namespace {

// Takes its turn, notes when it came and when it went, and waits in between.
Task<void> write(WriteGate& gate, std::string name, ports::Loop& loop, std::string& log) {
  const WriteGate::Turn turn = co_await gate.enter();
  log += name + "+ ";
  const Instant due = loop.now() + std::chrono::seconds(1);
  static_cast<void>(co_await ports::Pause(loop, due));
  log += name + "- ";
}

// Runs until it suspends; destroyed with its owner.
class Started {
 public:
  explicit Started(Task<void> task) : task_(std::move(task)) { task_.await_suspend(std::noop_coroutine()).resume(); }

 private:
  Task<void> task_;
};

TEST(WriteGate, TurnsComeOneAfterTheOtherInOrder) {
  StepLoop loop;
  WriteGate gate;
  std::string log;
  for (const char* name : {"a", "b", "c"})
    spawn(write(gate, name, loop, log));
  EXPECT_EQ(log, "a+ ");
  for (int turn = 0; turn < 8; ++turn)
    loop.turn(std::chrono::seconds(1));
  EXPECT_EQ(log, "a+ a- b+ b- c+ c- ");
}

TEST(WriteGate, WaiterThatIsDestroyedGivesUpItsPlace) {
  StepLoop loop;
  WriteGate gate;
  std::string log;
  spawn(write(gate, "a", loop, log));
  std::optional<Started> gone(std::in_place, write(gate, "b", loop, log));
  spawn(write(gate, "c", loop, log));
  gone.reset();
  for (int turn = 0; turn < 6; ++turn)
    loop.turn(std::chrono::seconds(1));
  EXPECT_EQ(log, "a+ a- c+ c- ");
}

TEST(WriteGate, TurnThatCameUnseenIsPassedOn) {
  StepLoop loop;
  WriteGate gate;
  std::string log;
  std::optional<Started> holder(std::in_place, write(gate, "a", loop, log));
  std::optional<Started> gone(std::in_place, write(gate, "b", loop, log));
  spawn(write(gate, "c", loop, log));
  holder.reset();  // its turn goes to b, whose wake-up is posted
  gone.reset();
  for (int turn = 0; turn < 4; ++turn)
    loop.turn(std::chrono::seconds(1));
  EXPECT_EQ(log, "a+ c+ c- ");
}

}  // namespace
}  // namespace obleth::admin
