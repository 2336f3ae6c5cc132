// Writes of one turn go together: what that promises, and that nothing is lost on the way.
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/root_task.hpp"
#include "adapters/os/socket.hpp"

namespace obleth::adapters {
namespace {

constexpr Duration stall_max = std::chrono::seconds(5);

// One end is ours, the other the peer's.
struct Pair {
  explicit Pair(EpollLoop& loop) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    ours = std::make_unique<Socket>(loop, FileDescriptor(ends[0]));
    peer = FileDescriptor(ends[1]);
  }
  [[nodiscard]] std::string received() const {
    std::array<char, 64> bytes{};
    const ssize_t count = ::recv(peer.get(), bytes.data(), bytes.size(), MSG_PEEK);
    return count > 0 ? std::string(bytes.data(), static_cast<std::size_t>(count)) : std::string();
  }

  std::unique_ptr<Socket> ours;
  FileDescriptor peer;
};

class Job final : public LoopItem {
 public:
  explicit Job(std::function<void()> work) : work_(std::move(work)) {}
  void run() override { work_(); }

 private:
  std::function<void()> work_;
};

// Jobs that run in one turn, in order.
class GatheredWrites : public testing::Test {
 protected:
  void in_one_turn(std::vector<std::function<void()>> works) {
    for (std::function<void()>& work : works)
      loop.run_soon(jobs.emplace_back(std::move(work)));
    ASSERT_TRUE(loop.turn(Duration(0)));
  }
  RootTask write(Pair& pair, CancelSignal* cancel = nullptr) {
    const std::array<std::string_view, 2> pieces = {"one ", "two"};
    outcome = co_await pair.ours->write_all(pieces, stall_max, cancel);
    ++written;
  }

  EpollLoop loop;
  std::deque<Job> jobs;
  std::vector<RootTask> writers;
  WriteOutcome outcome = WriteOutcome::timed_out;
  int written = 0;
};

TEST_F(GatheredWrites, AWriteWaitsForWhatElseRunsInTheTurn) {
  Pair pair(loop);
  std::string seen_by_second = "nothing yet";
  in_one_turn({[&] { writers.push_back(write(pair)); }, [&] { seen_by_second = pair.received(); }});
  EXPECT_EQ(seen_by_second, "");
  EXPECT_EQ(pair.received(), "one two");
  EXPECT_EQ(outcome, WriteOutcome::sent);
}

TEST_F(GatheredWrites, AWriteWithNothingBesideItGoesAtOnce) {
  Pair pair(loop);
  std::string seen_at_once;
  in_one_turn({[&] {
    writers.push_back(write(pair));
    seen_at_once = pair.received();
  }});
  EXPECT_EQ(seen_at_once, "one two");
}

TEST_F(GatheredWrites, NoMoreWaitThanTheBound) {
  constexpr int writes = EpollLoop::writes_gathered_max + 1;
  std::deque<Pair> pairs;
  std::vector<std::function<void()>> works;
  for (int at = 0; at < writes; ++at)
    works.emplace_back([&, to = &pairs.emplace_back(loop)] { writers.push_back(write(*to)); });
  std::string seen_by_last;
  works.emplace_back([&] { seen_by_last = pairs.front().received(); });
  in_one_turn(std::move(works));
  EXPECT_EQ(seen_by_last, "one two");
  EXPECT_EQ(pairs.back().received(), "one two");
  EXPECT_EQ(written, writes);
}

TEST_F(GatheredWrites, AWriterThatEndsMeanwhileWritesNothing) {
  Pair pair(loop);
  in_one_turn({[&] { writers.push_back(write(pair)); }, [&] { writers.clear(); }});
  EXPECT_EQ(pair.received(), "");
  EXPECT_EQ(written, 0);
}

TEST_F(GatheredWrites, ASocketThatIsClosedMeanwhileFailsTheWrite) {
  Pair pair(loop);
  in_one_turn({[&] { writers.push_back(write(pair)); }, [&] { pair.ours->close(); }});
  EXPECT_EQ(outcome, WriteOutcome::failed);
  EXPECT_EQ(written, 1);
}

TEST_F(GatheredWrites, WhatCanGoGoesThoughItWasCalledOffMeanwhile) {
  Pair pair(loop);
  CancelSignal cancel;
  in_one_turn({[&] { writers.push_back(write(pair, &cancel)); }, [&] { cancel.fire(); }});
  EXPECT_EQ(pair.received(), "one two");
  EXPECT_EQ(outcome, WriteOutcome::sent);
}

TEST_F(GatheredWrites, AFullSocketIsWaitedFor) {
  Pair pair(loop);
  // Behind the socket's back, so that it learns of it only from its write.
  const std::string much(1 << 16, 'x');
  while (::send(pair.ours->fd(), much.data(), much.size(), 0) > 0) {
  }
  CancelSignal cancel;
  in_one_turn({[&] { writers.push_back(write(pair, &cancel)); }, [] {}});
  EXPECT_EQ(written, 0);
  std::string taken(much.size(), '\0');
  while (::recv(pair.peer.get(), taken.data(), taken.size(), 0) > 0) {
  }
  while (written == 0)
    ASSERT_TRUE(loop.turn(stall_max));
  EXPECT_EQ(outcome, WriteOutcome::sent);
}

}  // namespace
}  // namespace obleth::adapters
