#include "adapters/os/socket.hpp"

#include <sys/socket.h>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/os/root_task.hpp"

namespace obleth::adapters {
namespace {

std::string all_that_came(int fd) {
  std::string came(32'768, '\0');
  const ssize_t count = ::recv(fd, came.data(), came.size(), MSG_DONTWAIT);
  came.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return came;
}

// Few bytes are copied together, more of them are given to the kernel piece by piece.
TEST(Socket, PiecesArriveInOrderHoweverLongTheyAre) {
  EpollLoop loop;
  for (const std::size_t bytes : {2U, 1024U, 1025U, 4095U, 4096U, 4097U, 16'384U}) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    Socket ours(loop, FileDescriptor(ends[0]));
    const FileDescriptor peer(ends[1]);
    std::string text(bytes, '\0');
    for (std::size_t at = 0; at < bytes; ++at)
      text[at] = static_cast<char>('a' + at % 23);
    const std::string_view whole = text;
    const std::array<std::string_view, 3> pieces = {whole.substr(0, bytes / 3), "", whole.substr(bytes / 3)};
    for (const std::size_t skip : {std::size_t{0}, std::size_t{1}, bytes / 2}) {
      const IoOutcome sent = ours.write_some(pieces, skip);
      ASSERT_EQ(sent.state, IoState::moved);
      ASSERT_EQ(sent.bytes, bytes - skip);
      ASSERT_EQ(all_that_came(peer.get()), whole.substr(skip)) << bytes << " bytes, " << skip << " of them sent before";
    }
  }
}

RootTask note_when_readable(Socket& socket, std::string name, std::vector<std::string>& order) {
  const WaitOutcome outcome = co_await socket.readable(Instant::distant_future());
  EXPECT_EQ(outcome, WaitOutcome::ready);
  order.push_back(std::move(name));
}

RootTask become_dialled(Socket& socket) {
  const Result<void> connected = co_await socket.connected(Instant::distant_future(), nullptr);
  EXPECT_TRUE(connected);
}

TEST(Socket, WhoeverWaitsForOneThatWeDialledGoesFirst) {
  EpollLoop loop;
  std::array<int, 2> accepted_ends{};
  std::array<int, 2> dialled_ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, accepted_ends.data()), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, dialled_ends.data()), 0);
  Socket accepted(loop, FileDescriptor(accepted_ends[0]));
  Socket dialled(loop, FileDescriptor(dialled_ends[0]));
  const FileDescriptor client(accepted_ends[1]);
  const FileDescriptor server(dialled_ends[1]);
  const RootTask dialling = become_dialled(dialled);
  loop.turn(Duration::zero());

  std::array<char, 16> room{};
  ASSERT_EQ(dialled.read_some(room).state, IoState::would_block);
  // Whichever of them the kernel tells first.
  for (const auto& senders : {std::array{client.get(), server.get()}, std::array{server.get(), client.get()}}) {
    std::vector<std::string> order;
    const RootTask request = note_when_readable(accepted, "request", order);
    const RootTask answer = note_when_readable(dialled, "answer", order);
    for (const int sender : senders)
      ASSERT_EQ(::send(sender, "x", 1, MSG_NOSIGNAL), 1);
    loop.turn(Duration::zero());
    EXPECT_EQ(order, (std::vector<std::string>{"answer", "request"}));
    ASSERT_EQ(accepted.read_some(room).bytes, 1U);
    ASSERT_EQ(dialled.read_some(room).bytes, 1U);
  }
}

}  // namespace
}  // namespace obleth::adapters
